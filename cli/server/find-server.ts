import { resolve } from 'node:path';
import { DEFAULT_DATA_DIRECTORY } from '../data-directory.js';
import { CliError, UsageError } from '../errors.js';
import { instanceAt, runningInstances } from './instances.js';
import { keptLogin } from './logins.js';

/** What every command but `up` can be told about the server it talks to. */
export interface ServerOptions {
  url?: string;
  token?: string;
  dataDir?: string;
}

/** Where the API is, without a slash at the end, and who asks. */
export interface Server {
  url: string;
  token: string;
}

/**
 * Finds the server a command talks to. What is said wins, as an option before the environment; then the instance on the
 * data directory; then the only instance that runs; then the last login.
 * @throws CliError NO_SERVER, SEVERAL_SERVERS or NO_TOKEN
 */
export function findServer(options: ServerOptions, environment: NodeJS.ProcessEnv = process.env): Server {
  const url = options.url ?? nonEmpty(environment['DATAMAP_URL']);
  const token = options.token ?? nonEmpty(environment['DATAMAP_TOKEN']);
  if (url !== undefined) return { url: cleanUrl(url), token: token ?? tokenFor(cleanUrl(url)) };
  const found = options.dataDir === undefined ? anywhere() : at(options.dataDir);
  return { url: found.url, token: token ?? found.token };
}

function at(dataDirectory: string): Server {
  const instance = instanceAt(dataDirectory);
  if (instance !== undefined) return instance;
  throw new CliError(
    'NO_SERVER',
    `No Datamap runs on the data directory ${resolve(dataDirectory)}.`,
    `Start one: npm start -- --data-dir ${dataDirectory}`,
  );
}

function anywhere(): Server {
  const usual = instanceAt(DEFAULT_DATA_DIRECTORY);
  if (usual !== undefined) return usual;
  const running = runningInstances();
  if (running.length === 1 && running[0] !== undefined) return running[0];
  if (running.length > 1)
    throw new CliError(
      'SEVERAL_SERVERS',
      `Several Datamaps are running:\n${running.map((one) => `  ${one.url}  ${one.dataDirectory}`).join('\n')}`,
      'Say which one with --data-dir.',
    );
  const login = keptLogin();
  if (login !== undefined) return login;
  throw new CliError(
    'NO_SERVER',
    'No Datamap is running here, and you are not signed in to one elsewhere.',
    'Start one with npm start, sign in with datamap login --url https://..., or set DATAMAP_URL and DATAMAP_TOKEN.',
  );
}

/** The token that is known for an address, so that `--url` alone suffices where one has signed in. */
function tokenFor(url: string): string {
  const known = [...runningInstances(), instanceAt(DEFAULT_DATA_DIRECTORY), keptLogin()].find(
    (candidate) => candidate !== undefined && candidate.url === url,
  );
  if (known !== undefined) return known.token;
  throw new CliError(
    'NO_TOKEN',
    `There is no token for ${url}.`,
    `Sign in with datamap login --url ${url}, or pass a token as DATAMAP_TOKEN.`,
  );
}

/** @throws UsageError for what is not an http address */
export function cleanUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new UsageError(`${text} is not the address of a Datamap.`, 'Write it as https://datamap.example.');
  const url = new URL(text);
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

const nonEmpty = (value: string | undefined) => (value === '' ? undefined : value);
