import type { SearchAnswer } from '../../search/port.js';
import { type Layout, layoutOf } from '../data-directory.js';
import { markOf } from '../process-identity.js';
import { type Client, createClient } from '../server/client.js';
import { announceInstance, withdrawInstance } from '../server/instances.js';
import { printLine, remark } from '../terminal/output.js';
import { prepareDataDirectory } from './data-directory-check.js';
import { awaitEnding, type Ending, Interrupted } from './ending.js';
import { foreseen } from './failures.js';
import { holdDataDirectory } from './instance-lock.js';
import { ensureLocalAdmin, type LocalAdmin } from './local-admin.js';
import { mapSize } from './map-size.js';
import { openBrowser } from './open-browser.js';
import type { UpOptions } from './options.js';
import { choosePorts } from './ports.js';
import { endOrphans, openProcessBook } from './process-book.js';
import { collectSample } from './sample/collect-sample.js';
import { startStack } from './stack.js';
import { summary } from './summary.js';

/** Two misspelt words that find orders of customers in the sample. */
const EXAMPLE = 'custmer ordr';

/**
 * `npm start`: brings the stack up on a data directory, collects the sample the first time, says what there is, and
 * stays until it is asked to end.
 * @throws CliError for what can be foreseen; what had been started is ended by then
 */
export async function up(options: UpOptions): Promise<void> {
  const layout = layoutOf(options.dataDir);
  const ending = awaitEnding();
  let release: (() => void) | undefined;
  try {
    prepareDataDirectory(layout);
    release = holdDataDirectory(layout);
    await run(options, layout, ending);
  } catch (error) {
    throw foreseen(error, layout.root);
  } finally {
    if (release !== undefined) {
      await ending.end();
      // What was being started when the end was asked for is not part of the stack yet.
      await endOrphans(layout.processes);
      withdrawInstance(layout.root);
      release();
    }
  }
}

async function run(options: UpOptions, layout: Layout, ending: Ending): Promise<void> {
  const started = Date.now();
  const orphans = await endOrphans(layout.processes);
  if (orphans.length > 0) remark(`Ended what an earlier start had left running: ${orphans.join(', ')}.`);
  const ports = await choosePorts(layout.ports, options.port);
  let admin: LocalAdmin | undefined;
  const stack = await orInterrupted(
    ending,
    startStack({
      layout,
      ports,
      book: openProcessBook(layout.processes),
      watch: options.watch === true,
      search: options.search,
      onStarted: ending.watch,
      whenMigrated: async (databaseUrl) => {
        admin = await ensureLocalAdmin(databaseUrl);
      },
    }),
  );
  if (admin === undefined) throw new Error('The catalog has no administrator');
  announceInstance({ dataDirectory: layout.root, url: stack.apiUrl, token: admin.token, process: markOf(process.pid) });
  const client = createClient({ url: stack.apiUrl, token: admin.token });
  const sample = await orInterrupted(ending, collectSample(client, layout, stack.postgres, options.sample));
  const loginLink = `${stack.apiUrl}/login#${admin.link}`;
  printLine(
    summary({
      sample,
      size: await mapSize(stack.databaseUrl),
      example: sample.state === 'left out' ? undefined : await searchExample(client),
      apiUrl: stack.apiUrl,
      temporalUi: stack.temporalUi,
      searchEngine: stack.searchEngine,
      loginLink,
      dataDirectory: layout.root,
      seconds: (Date.now() - started) / 1000,
    }),
  );
  if (options.open) openBrowser(loginLink);
  await ending.asked;
}

async function searchExample(client: Client): Promise<{ text: string; answer: SearchAnswer }> {
  return { text: EXAMPLE, answer: await client.get<SearchAnswer>('/search', { q: EXAMPLE, limit: 3 }) };
}

/** A start gives way to a signal at once; what it has started until then is ended by who catches this. */
async function orInterrupted<T>(ending: Ending, work: Promise<T>): Promise<T> {
  // When the signal wins, the work fails later, because its parts are ended: nobody has to hear of that.
  work.catch(() => undefined);
  return Promise.race([
    work,
    ending.asked.then(() => {
      throw new Interrupted();
    }),
  ]);
}
