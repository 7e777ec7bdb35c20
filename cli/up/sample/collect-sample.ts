import { startRun } from '../../commands/crawl.js';
import { followRun } from '../../commands/follow-run.js';
import type { Crawler, CrawlerSummary, DataSource, Workspace } from '../../commands/wire.js';
import type { Layout } from '../../data-directory.js';
import { CliError } from '../../errors.js';
import { readJson, writePrivateJson } from '../../private-file.js';
import type { Client } from '../../server/client.js';
import { findItem } from '../../server/pages.js';
import { seconds } from '../../terminal/output.js';
import { stage } from '../../terminal/stages.js';
import type { EmbeddedPostgres } from '../postgres-part.js';
import { ensureSampleDatabase, SAMPLE_DATABASE, SAMPLE_READER } from './sample-database.js';

const SOURCE = 'Sample shop';
/** The instance part of its guids: it stays when the embedded PostgreSQL moves to another port. */
const INSTANCE = 'sample';

interface Progress {
  sample?: { dataSourceId: string; crawlerId: string; collected: boolean };
}

/** The sample, as far as it is the business of this start. */
export type SampleOutcome =
  | { state: 'collected'; seconds: number }
  | { state: 'kept' }
  | { state: 'left out'; why?: string };

/**
 * Makes the sample shop at the first start and collects it; afterwards only follows the port of the embedded PostgreSQL.
 * What somebody deletes of it stays deleted.
 */
export async function collectSample(
  client: Client,
  layout: Layout,
  postgres: EmbeddedPostgres | undefined,
  wanted: boolean,
): Promise<SampleOutcome> {
  const progress = readJson<Progress>(layout.progress) ?? {};
  if (postgres === undefined)
    return { state: 'left out', why: 'DATABASE_URL is set, and the sample lives in the embedded PostgreSQL only' };
  if (progress.sample?.collected === true) {
    await followPort(client, postgres, progress.sample.dataSourceId);
    return { state: 'kept' };
  }
  if (!wanted) return { state: 'left out' };
  return stage('Collecting the sample shop', async (say) => {
    await ensureSampleDatabase(postgres);
    const crawler = progress.sample ?? (await register(client, postgres));
    await followPort(client, postgres, crawler.dataSourceId);
    writePrivateJson(layout.progress, { ...progress, sample: { ...crawler, collected: false } });
    const runId = await startRun(client, { id: crawler.crawlerId, name: SOURCE });
    const run = await followRun(client, runId, {
      show: (open) => say(`Collecting the sample shop (run ${open.number}, ${open.status})`),
      note: (trouble) => trouble !== undefined && say(`Collecting the sample shop: ${trouble}, trying again`),
      end: () => undefined,
    });
    if (run.status !== 'succeeded' || run.searchableAt === null)
      throw new CliError(
        'SAMPLE_FAILED',
        `The sample shop could not be collected: the run ${run.status}${run.error === null ? '' : `, ${run.error.message}`}.`,
        run.error?.remedy ?? `See ${layout.logs}, or start without it: --no-sample.`,
      );
    writePrivateJson(layout.progress, { ...progress, sample: { ...crawler, collected: true } });
    return { state: 'collected', seconds: seconds(run.startedAt ?? run.queuedAt, run.endedAt) };
  });
}

async function register(
  client: Client,
  postgres: EmbeddedPostgres,
): Promise<{ dataSourceId: string; crawlerId: string }> {
  const { items } = await client.get<{ items: Workspace[] }>('/workspaces');
  const [workspace] = items;
  if (workspace === undefined) throw new CliError('NO_WORKSPACE', 'There is no workspace for the sample shop.');
  // A start that was killed between two of these steps finds what it had made.
  const source =
    (await findItem<DataSource>(
      client,
      '/data-sources',
      { workspaceId: workspace.id },
      ({ name }) => name === SOURCE,
    )) ??
    (await client.post<DataSource>('/data-sources', {
      workspaceId: workspace.id,
      name: SOURCE,
      description: 'Made by npm start, to try things out on.',
      type: 'postgresql',
      environment: 'production',
      instance: INSTANCE,
      config: { host: '127.0.0.1', port: postgres.port, database: SAMPLE_DATABASE, user: SAMPLE_READER, tls: 'off' },
      secrets: { password: postgres.passwords.sampleReader },
    }));
  const crawler =
    (await findItem<CrawlerSummary>(client, '/crawlers', { dataSourceId: source.id }, () => true)) ??
    (await client.post<Crawler>('/crawlers', {
      workspaceId: workspace.id,
      name: SOURCE,
      dataSourceId: source.id,
      resourceGroupId: 'default',
      databases: [SAMPLE_DATABASE],
      plan: {
        mode: 'cycle',
        every: 'day',
        hour: 3,
        minute: 30,
        timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      },
    }));
  return { dataSourceId: source.id, crawlerId: crawler.id };
}

/** The embedded PostgreSQL gets another port when its own was taken; whoever collects from it has to know. */
async function followPort(client: Client, postgres: EmbeddedPostgres, dataSourceId: string): Promise<void> {
  let source: DataSource;
  try {
    source = await client.get<DataSource>(`/data-sources/${dataSourceId}`);
  } catch (error) {
    if (error instanceof CliError && error.code === 'NOT_FOUND') return;
    throw error;
  }
  if (source.config['port'] === postgres.port) return;
  await client.patch(
    `/data-sources/${dataSourceId}`,
    { config: { ...source.config, port: postgres.port } },
    source.version,
  );
}
