import {
  type EnqueuedTaskPromise,
  Meilisearch,
  MeilisearchRequestError,
  MeilisearchTaskTimeOutError,
} from 'meilisearch';
import { type SearchDocument, type SearchIndex, SearchUnavailable } from '../port.js';
import { createHttpClient, EngineRefused } from './http-client.js';
import { indexed } from './indexed-document.js';
import { answer } from './search.js';
import { settingsToChange } from './settings.js';

/** An index task that takes longer is left to itself; the caller tries again, which does no harm. */
const TASK_TIMEOUT = 120_000;
/** An engine that indexes may be slow to answer: how long it may be silent to whoever writes. Milliseconds. */
const WRITING = { silence: 30_000 };
/** Pages of a rebuild that the engine may have accepted and not indexed yet. */
const PAGES_AHEAD = 4;

/**
 * The search index kept by a Meilisearch server, 1.12 or newer.
 * @param options.key the master key, or one with all rights on the indexes named `uid` and `<uid>_next`
 * @param options.uid name of the index; default `entities`
 */
export function createMeilisearchIndex(options: { url: string; key?: string | undefined; uid?: string }): SearchIndex {
  const http = createHttpClient();
  const uid = options.uid ?? 'entities';
  const next = `${uid}_next`;
  const client = new Meilisearch({
    host: options.url,
    ...(options.key === undefined || options.key === '' ? {} : { apiKey: options.key }),
    httpClient: http.send,
    defaultWaitOptions: { timeout: TASK_TIMEOUT, interval: 20 },
  });

  const put = (index: string, documents: readonly SearchDocument[]) =>
    client.index(index).addDocuments(documents.map(indexed), { primaryKey: 'id' });

  const create = async (index: string) => {
    const settings = () => client.index(index).getSettings();
    const current = await settings().catch(async (error: unknown) => {
      if (!isOfNoIndex(error)) throw error;
      await done(client.createIndex(index, { primaryKey: 'id' }), 'index_already_exists');
      return settings();
    });
    const missing = settingsToChange(current);
    if (Object.keys(missing).length > 0) await done(client.index(index).updateSettings(missing));
  };

  return {
    engine: 'meilisearch',
    prepare: () => available(() => create(uid)),
    write: ({ put: documents, remove }, signal) =>
      available(async () => {
        // One that accepts connections and says nothing is found out before it is given documents.
        await http.on({ signal }, () => client.health());
        await http.on({ ...WRITING, signal }, async () => {
          // Sent one after the other, so that they are done in this order; both are awaited, since a task can fail
          // long after it was accepted.
          const tasks = [];
          if (documents.length > 0) tasks.push(await put(uid, documents));
          if (remove.length > 0) tasks.push(await client.index(uid).deleteDocuments([...remove]));
          for (const task of tasks) succeeded(await client.tasks.waitForTask(task));
        });
      }),
    search: (request, signal) => available(() => http.on({ signal }, () => answer(client, uid, request))),
    rebuild: (pages) =>
      available(() =>
        http.on(WRITING, async () => {
          await done(client.deleteIndex(next), 'index_not_found');
          await create(uid);
          await create(next);
          try {
            const ahead = [];
            for await (const page of pages) {
              if (page.length > 0) ahead.push(await put(next, page));
              if (ahead.length > PAGES_AHEAD)
                succeeded(await client.tasks.waitForTask(ahead.shift() as (typeof ahead)[0]));
            }
            for (const task of ahead) succeeded(await client.tasks.waitForTask(task));
            const { numberOfDocuments } = await client.index(next).getStats();
            await done(client.swapIndexes([{ indexes: [uid, next], rename: false }]));
            return numberOfDocuments;
          } finally {
            await done(client.deleteIndex(next), 'index_not_found').catch(() => undefined);
          }
        }),
      ),
    health: async () => {
      try {
        await client.health();
        return { ok: true };
      } catch {
        return { ok: false, reason: 'Meilisearch does not answer at its address.' };
      }
    },
    close: () => http.close(),
  };
}

function isOfNoIndex(error: unknown): boolean {
  return (
    error instanceof MeilisearchRequestError &&
    error.cause instanceof EngineRefused &&
    error.cause.engineCode === 'index_not_found'
  );
}

/** Waits for a task and throws when it failed, unless it failed because there was nothing to do. */
async function done(task: EnqueuedTaskPromise, nothingToDo?: string): Promise<void> {
  succeeded(await task.waitTask(), nothingToDo);
}

interface EndedTask {
  status: string;
  error: { code: string; message: string } | null;
}

function succeeded(task: EndedTask, nothingToDo?: string): void {
  if (task.status === 'succeeded' || (task.error !== null && task.error.code === nothingToDo)) return;
  throw new SearchUnavailable(`Meilisearch could not do an index task: ${task.error?.message ?? task.status}`);
}

/** Everything the client throws means that search cannot be had now; what it holds of the request stays out of messages. */
async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !error.name.startsWith('Meilisearch')) throw error;
    const cause = error instanceof MeilisearchRequestError ? error.cause : error;
    const message =
      cause instanceof EngineRefused
        ? `Meilisearch refused (${cause.engineCode}): ${cause.message}`
        : cause instanceof MeilisearchTaskTimeOutError
          ? `Meilisearch was not done with a task after ${TASK_TIMEOUT / 1_000} s, and goes on with it.`
          : 'Meilisearch cannot be reached at its address.';
    throw new SearchUnavailable(message, { cause });
  }
}
