import { checkStep, endingAtFirstFailure } from '../check-step.js';
import { type CheckOptions, type CheckStep, type Connection, ConnectorError, type DatabaseInfo } from '../contract.js';
import { reach, type SourceAddress } from '../reach.js';
import { NAMES } from './catalogue-queries.js';
import { mysqlConfig, passwordOf } from './config.js';
import { isNamed, listDatabases, readGrants, visibilityIn } from './describe-database.js';
import { grantee, toConnectorError } from './errors.js';
import { type Greeting, readGreeting, shakeHands } from './greeting.js';
import { openReader } from './reader.js';
import { Session } from './session.js';
import type { MysqlConfig } from './spec.js';

/** Tables that the last step reads in full. */
const SAMPLE = 20;

/** The steps of a connection test for MySQL and MariaDB. */
export async function* checkMysql(
  connection: Connection,
  options: CheckOptions,
): AsyncGenerator<CheckStep, void, void> {
  yield* endingAtFirstFailure(steps(connection, options));
}

async function* steps(connection: Connection, options: CheckOptions): AsyncGenerator<CheckStep, void, void> {
  const config = yield* checkStep('validate_input', options, async () => ({ value: mysqlConfig(connection) }));
  if (config === undefined) return;
  const address = yield* reach(config, options);
  if (address === undefined) return;
  yield* tlsHandshake(config, address, options);

  // Aborted at the end, so that a statement that outlasted its step is killed at the server.
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  const target = { config, address, password: passwordOf(connection), workerAddresses: options.workerAddresses };
  let session: Session | undefined;
  try {
    session = yield* checkStep('authenticate', options, async () => {
      const value = await Session.logIn(target, { signal, pace: options.pace });
      return { value, message: `Logged in as ${config.user}` };
    });
    if (session !== undefined) yield* inside(session, config, options);
  } finally {
    ended.abort();
    await session?.close();
  }
}

async function* tlsHandshake(
  config: MysqlConfig,
  address: SourceAddress,
  options: CheckOptions,
): AsyncGenerator<CheckStep, void, void> {
  if (config.tls === 'off') {
    yield { id: 'tls_handshake', state: 'skipped', message: 'TLS is off in this data source' };
    return;
  }
  const place = { config, workerAddresses: options.workerAddresses };
  yield* checkStep<Greeting>(
    'tls_handshake',
    options,
    async (signal) => {
      const { socket, greeting } = await readGreeting(address, config.port, signal);
      try {
        if (greeting.kind === 'stranger') throw notMysql(config);
        if (greeting.kind === 'refusal')
          return { value: greeting, message: 'Not reached: the server turns the connection away first' };
        if (greeting.offersTls) {
          const { message, detail } = await shakeHands(socket, config);
          return { value: greeting, message, detail };
        }
        if (config.tls !== 'prefer')
          throw toConnectorError(Object.assign(new Error(), { code: 'HANDSHAKE_NO_SSL_SUPPORT' }), place);
        return {
          value: greeting,
          message: 'The server offers no TLS: the connection is not encrypted',
          warning: { code: 'NOT_ENCRYPTED', remedy: 'Turn TLS on at the server (ssl_cert, ssl_key)' },
        };
      } finally {
        socket.destroy();
      }
    },
    { describe: (error) => toConnectorError(error, place) },
  );
}

async function* inside(
  session: Session,
  config: MysqlConfig,
  options: CheckOptions,
): AsyncGenerator<CheckStep, void, void> {
  const identity = yield* checkStep('identify_server', options, async () => {
    await session.identify();
    const value = session.identity;
    return { value, message: `${value.version}, as ${value.user}`, detail: { ...value } };
  });
  if (identity === undefined) return;
  const databases = yield* checkStep('list_databases', options, async () => {
    const value = await listDatabases(session);
    const own = value.filter(({ system }) => system !== true).length;
    if (own === 0) throw nothingVisible(session);
    return { value, message: `${own} ${own === 1 ? 'database' : 'databases'}` };
  });
  if (databases === undefined) return;
  const chosen = chosenOf(databases, config, options);
  const checked = yield* checkStep('check_privileges', options, () => checkPrivileges(session, databases, chosen));
  if (checked === undefined) return;
  const [first] = chosen;
  if (first === undefined) yield { id: 'read_sample', state: 'skipped', message: 'There is no database to read' };
  else yield* checkStep('read_sample', options, () => readSample(session, first));
}

/** The scope's databases; else the data source's own one; else all that there are. */
function chosenOf(databases: readonly DatabaseInfo[], config: MysqlConfig, options: CheckOptions): string[] {
  if (options.databases !== undefined && options.databases.length > 0) return [...options.databases];
  if (config.database !== undefined) return [config.database];
  return databases.filter(({ system }) => system !== true).map(({ name }) => name);
}

async function checkPrivileges(session: Session, databases: readonly DatabaseInfo[], chosen: readonly string[]) {
  for (const wanted of chosen) {
    const known = databases.some(({ name }) => isNamed(session, name, wanted));
    // Opening it tells one that is not there from one that is closed.
    if (!known) await openReader(session.naming(wanted), wanted);
  }
  const grants = await readGrants(session);
  const found = chosen.map((database) => ({ database, ...visibilityIn(session, grants, database) }));
  const lacking = found.filter(({ complete, viewTexts }) => !complete || !viewTexts);
  const hidden = lacking.filter(({ complete }) => !complete).map(({ database }) => database);
  const [first] = lacking;
  if (first === undefined)
    return { value: found, message: `Sees everything in ${counted(chosen)}`, detail: { databases: chosen } };
  const remedy = lacking.map((one) => one.remedy).join('\n');
  return hidden.length > 0
    ? {
        value: found,
        message: `Cannot prove that it sees all of ${hidden.join(', ')}: nothing of it will ever be removed from the map`,
        warning: { code: 'PERMISSION_DENIED', remedy },
      }
    : {
        value: found,
        message: `May not see view texts in ${lacking.map(({ database }) => database).join(', ')}`,
        warning: { code: 'VIEW_TEXT_NOT_VISIBLE', remedy },
      };
}

async function readSample(session: Session, database: string) {
  const reader = await openReader(session.naming(database), database);
  const names = (await session.rows(NAMES, [database])).map(([name]) => String(name));
  const { tables } = await reader.read(names.slice(0, SAMPLE));
  const columns = tables.reduce((sum, { structure }) => sum + structure.columns.length, 0);
  return {
    value: names.length,
    message: `${names.length} objects in ${database}; read ${tables.length} of them, with ${columns} columns`,
    detail: { database, objects: names.length },
  };
}

function counted(databases: readonly string[]): string {
  return databases.length === 1 ? String(databases[0]) : `${databases.length} databases`;
}

function nothingVisible(session: Session): ConnectorError {
  const { user } = session.identity;
  return new ConnectorError(
    'PERMISSION_DENIED',
    `${user} sees no database but the server's own`,
    `Grant it the databases to collect, e.g. GRANT SELECT, SHOW VIEW ON \`shop\`.* TO ${grantee(user)};`,
  );
}

function notMysql({ host, port }: MysqlConfig): ConnectorError {
  return new ConnectorError(
    'UNSUPPORTED_SERVER',
    `What listens at ${host} port ${port} does not speak MySQL`,
    'Correct the port; 33060 is the X protocol, which is another one',
  );
}
