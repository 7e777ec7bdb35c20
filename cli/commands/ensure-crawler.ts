import { CliError, UsageError } from '../errors.js';
import type { Client } from '../server/client.js';
import { everyItem, findItem } from '../server/pages.js';
import { askSecret } from '../terminal/ask.js';
import { remark } from '../terminal/output.js';
import type { CrawlTarget } from './crawl-target.js';
import { testConnection } from './test-connection.js';
import type { Crawler, CrawlerSummary, DataSource, ListedDatabase, Workspace } from './wire.js';

/** What `crawl` is told beside the URL. */
export interface CrawlerChoice {
  databases: string[];
  all: boolean;
  name?: string;
  workspace?: string;
  group: string;
  environment: 'production' | 'development';
  /** Put the URL's account and password into a data source that exists already. */
  update: boolean;
  /** Without a connection test first: where no worker is alive to make one. */
  untested: boolean;
}

/**
 * The crawler that collects what was asked for: an existing one, or a new one with, where missing, its data source. A
 * data source that was made for this and cannot be connected to is taken back, so that a corrected URL starts anew.
 * @throws CliError with what a connection test found wrong
 */
export async function ensureCrawler(client: Client, target: CrawlTarget, choice: CrawlerChoice): Promise<Crawler> {
  const workspace = await chooseWorkspace(client, choice.workspace);
  const { source, created } = await ensureSource(client, target, choice, workspace.id);
  let databases: string[];
  try {
    databases = await chooseDatabases(client, target, choice, source.id);
    if (!choice.untested) await testConnection(client, source.id, choice.group, databases);
  } catch (error) {
    if (created) await client.delete(`/data-sources/${source.id}`).catch(() => undefined);
    throw error;
  }
  if (created) remark(`Created the data source "${source.name}".`);
  const existing = await crawlerOf(client, source.id, databases, choice.name);
  if (existing !== undefined) return existing;
  const { host, port } = target.config;
  const what = databases.length === 1 ? databases[0] : `${databases.length} databases`;
  const crawler = await client.post<Crawler>('/crawlers', {
    workspaceId: workspace.id,
    name: choice.name ?? nameOf(`${what} on ${host}:${port}`),
    dataSourceId: source.id,
    resourceGroupId: choice.group,
    databases,
    plan: { mode: 'manual' },
  });
  remark(`Created the crawler "${crawler.name}".`);
  return crawler;
}

/** The crawler of a data source whose scope holds all of the databases; under a certain name, where one is given. */
async function crawlerOf(
  client: Client,
  dataSourceId: string,
  databases: readonly string[],
  name: string | undefined,
): Promise<Crawler | undefined> {
  for await (const { id, ...summary } of everyItem<CrawlerSummary>(client, '/crawlers', { dataSourceId })) {
    if (name !== undefined && summary.name !== name) continue;
    const crawler = await client.get<Crawler>(`/crawlers/${id}`);
    const scope = crawler.scope.filter((database) => database.retiringAt === null).map((database) => database.name);
    if (databases.every((database) => scope.includes(database))) return crawler;
  }
  return undefined;
}

async function chooseWorkspace(client: Client, wanted: string | undefined): Promise<Workspace> {
  const workspaces: Workspace[] = [];
  for await (const workspace of everyItem<Workspace>(client, '/workspaces')) workspaces.push(workspace);
  if (wanted !== undefined) {
    const found = workspaces.find((workspace) => workspace.id === wanted || workspace.name === wanted);
    if (found !== undefined) return found;
    throw new CliError('NO_WORKSPACE', `There is no workspace ${wanted} that you may see.`, namesOf(workspaces));
  }
  const [first] = workspaces;
  const usual = workspaces.find((workspace) => workspace.name.toLowerCase() === 'default');
  if (usual !== undefined) return usual;
  if (first !== undefined && workspaces.length === 1) return first;
  throw new CliError(
    'NO_WORKSPACE',
    first === undefined ? 'You are in no workspace.' : 'Several workspaces could be meant.',
    first === undefined ? 'Ask an admin to add you to one.' : `Say which with --workspace. ${namesOf(workspaces)}`,
  );
}

async function ensureSource(
  client: Client,
  target: CrawlTarget,
  choice: CrawlerChoice,
  workspaceId: string,
): Promise<{ source: DataSource; created: boolean }> {
  const existing = await findItem<DataSource>(
    client,
    '/data-sources',
    { workspaceId, type: target.type },
    ({ config }) => config['host'] === target.config.host && config['port'] === target.config.port,
  );
  if (existing !== undefined)
    return { source: await reconcile(client, existing, target, choice.update), created: false };
  const source = await client.post<DataSource>('/data-sources', {
    workspaceId,
    name: nameOf(`${target.type} ${target.config.host}:${target.config.port}`),
    type: target.type,
    environment: choice.environment,
    config: target.config,
    secrets: await secretsOf(target),
  });
  return { source, created: true };
}

async function reconcile(
  client: Client,
  source: DataSource,
  target: CrawlTarget,
  update: boolean,
): Promise<DataSource> {
  const differs = source.config['user'] !== target.config['user'] || Object.keys(target.secrets).length > 0;
  if (!differs) return source;
  if (!update) {
    remark(
      `The data source "${source.name}" exists already; its own account and password are used. ` +
        'Pass --update to replace them by those of the URL.',
    );
    return source;
  }
  const updated = await client.patch<DataSource>(
    `/data-sources/${source.id}`,
    { config: { ...source.config, user: target.config['user'] }, secrets: target.secrets },
    source.version,
  );
  remark(`Updated the account of the data source "${source.name}".`);
  return updated;
}

/** A URL without a password: asked for at a terminal, none elsewhere, as a server that trusts us wants it. */
async function secretsOf(target: CrawlTarget): Promise<Record<string, string>> {
  if (Object.keys(target.secrets).length > 0 || process.stdin.isTTY !== true) return target.secrets;
  const password = await askSecret(
    `Password of ${String(target.config['user'])} at ${target.config.host} (empty for none): `,
  );
  return password === '' ? {} : { password };
}

async function chooseDatabases(
  client: Client,
  target: CrawlTarget,
  choice: CrawlerChoice,
  sourceId: string,
): Promise<string[]> {
  if (choice.databases.length > 0) return [...new Set(choice.databases)];
  if (!choice.all && target.database !== undefined) return [target.database];
  if (!choice.all)
    throw new UsageError(
      'The URL names no database.',
      'Name one behind the host (/shop), with --database shop (several times if you like), or take them --all.',
    );
  const { items } = await client.get<{ items: ListedDatabase[] }>(`/data-sources/${sourceId}/databases`, {
    resourceGroupId: choice.group,
  });
  const open = items.filter((database) => database.system !== true && database.unavailable === undefined);
  const closed = items.filter((database) => database.unavailable !== undefined);
  for (const database of closed) remark(`Left out ${database.name}: ${database.unavailable}`);
  if (open.length > 0) return open.map((database) => database.name);
  throw closed.length > 0
    ? new CliError('NO_DATABASE', 'The account may open no database there.', 'Grant it what the lines above name.')
    : new CliError(
        'NO_DATABASE',
        "There is no database that the account sees, beside the server's own.",
        'Grant it rights on those to collect, or create one.',
      );
}

const namesOf = (workspaces: Workspace[]) =>
  `You may see: ${workspaces.map((workspace) => workspace.name).join(', ')}.`;

/** Names are limited; a host name alone can be longer. */
const nameOf = (text: string) => text.slice(0, 100);
