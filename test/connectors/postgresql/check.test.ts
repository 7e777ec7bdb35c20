import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { freePort } from '../../../cli/embedded/free-port.js';
import { CHECK_STEPS, type CheckOptions, type CheckStep, type Connection } from '../../../connectors/contract.js';
import { postgresqlConnector } from '../../../connectors/postgresql/connector.js';
import { connectionTo, createSource, type Source, servers } from './source.js';

async function check(connection: Connection, options: Partial<CheckOptions> = {}): Promise<CheckStep[]> {
  const steps: CheckStep[] = [];
  const signal = new AbortController().signal;
  for await (const step of postgresqlConnector.check(connection, { signal, ...options })) steps.push(step);
  return steps;
}

/** The last word on each step. */
const ends = (steps: readonly CheckStep[]) => steps.filter(({ state }) => state !== 'running');
const stepOf = (steps: readonly CheckStep[], id: string) => ends(steps).find((step) => step.id === id);

describe.each(servers)('testing a connection to $name', ({ url }) => {
  let source: Source;
  beforeAll(async () => {
    source = await createSource(url);
    await source.client.query('CREATE SCHEMA shop CREATE TABLE item (id integer)');
  });
  afterAll(() => source.drop());

  /** The connections that the connector holds to the test's database. */
  const connections = async () =>
    (
      await source.client.query(
        `SELECT pid FROM pg_stat_activity WHERE application_name = 'datamap' AND datname = $1`,
        [source.name],
      )
    ).rows.length;

  test('walks every step in order, and lets go of the connection', async () => {
    const steps = await check(connectionTo(source.url));
    expect(ends(steps).map(({ id }) => id)).toEqual(CHECK_STEPS.filter((id) => id !== 'worker'));
    expect(ends(steps).map(({ state }) => state)).toEqual(ends(steps).map(() => 'passed'));
    expect(ends(steps).every(({ duration }) => duration !== undefined)).toBe(true);
    expect(stepOf(steps, 'identify_server')?.message).toMatch(/^PostgreSQL 1\d\.\d+$/);
    expect(stepOf(steps, 'read_sample')?.message).toBe(`Read 1 table of “${source.name}”`);
    await expect.poll(connections).toBe(0);
  });

  test('warns where TLS is preferred and the server has none', async () => {
    expect(stepOf(await check(connectionTo(source.url, { tls: 'prefer' })), 'tls_handshake')).toMatchObject({
      state: 'warning',
      code: 'TLS_NOT_OFFERED',
    });
  });

  test('warns of schemas that the account may not use, with the grants', async () => {
    const role = await source.role();
    const step = stepOf(await check(connectionTo(source.url, { user: role })), 'check_privileges');
    expect(step).toMatchObject({
      state: 'warning',
      code: 'PERMISSION_DENIED',
      remedy: `Let its owner run: GRANT USAGE ON SCHEMA "shop" TO "${role}"`,
    });
  });

  test('looks into the databases of the scope', async () => {
    const connection = connectionTo(url);
    const steps = await check(connection, { databases: [source.name] });
    expect(stepOf(steps, 'read_sample')).toMatchObject({ state: 'passed', detail: { tables: 1 } });
    expect(stepOf(await check(connection, { databases: ['nowhere'] }), 'list_databases')).toMatchObject({
      state: 'failed',
      code: 'UNKNOWN_DATABASE',
    });
    await expect.poll(connections).toBe(0);
  });

  test('names the grant that a database of the scope wants', async () => {
    const role = await source.role();
    const connection = connectionTo(url, { user: role });
    await source.client.query(`REVOKE CONNECT ON DATABASE ${source.name} FROM PUBLIC`);
    try {
      expect(stepOf(await check(connection, { databases: [source.name] }), 'list_databases')).toMatchObject({
        code: 'PERMISSION_DENIED',
        remedy: `Let an administrator run: GRANT CONNECT ON DATABASE "${source.name}" TO "${role}"`,
      });
    } finally {
      await source.client.query(`GRANT CONNECT ON DATABASE ${source.name} TO PUBLIC`);
    }
  });

  test('lets go of the connection when the test is cancelled half-way', async () => {
    const abort = new AbortController();
    const steps: CheckStep[] = [];
    for await (const step of postgresqlConnector.check(connectionTo(source.url), { signal: abort.signal })) {
      steps.push(step);
      if (step.id === 'identify_server' && step.state === 'passed') abort.abort();
    }
    expect(stepOf(steps, 'list_databases')).toMatchObject({ state: 'failed', code: 'CANCELLED' });
    await expect.poll(connections).toBe(0);
  });
});

describe('a connection test that fails', () => {
  const good = () => connectionTo(inject('postgres'));
  const failing: [what: string, step: string, code: string, connection: () => Promise<Connection> | Connection][] = [
    [
      'a config that is not valid',
      'validate_input',
      'INVALID_CONFIG',
      () => ({ ...good(), config: { ...good().config, port: 0 } }),
    ],
    [
      'a host that does not exist',
      'resolve_host',
      'UNKNOWN_HOST',
      () => connectionTo(inject('postgres'), { host: 'no-such-host.invalid' }),
    ],
    [
      'a port where nobody listens',
      'tcp_connect',
      'CONNECTION_REFUSED',
      async () => connectionTo(inject('postgres'), { port: await freePort() }),
    ],
    [
      'a server without TLS',
      'tls_handshake',
      'TLS_MISMATCH',
      () => connectionTo(inject('postgres'), { tls: 'require' }),
    ],
    [
      'a user that does not exist',
      'authenticate',
      'BAD_CREDENTIALS',
      () => connectionTo(inject('postgres'), { user: 'nobody_of_that_name' }),
    ],
    [
      'a database that does not exist',
      'authenticate',
      'UNKNOWN_DATABASE',
      () => connectionTo(inject('postgres'), { database: 'nowhere' }),
    ],
  ];
  test.each(failing)('for %s fails at %s with %s and a remedy, and skips the rest', async (_, id, code, connection) => {
    const steps = ends(await check(await connection(), { workerAddresses: ['10.1.2.3'] }));
    const failed = steps.findIndex(({ state }) => state === 'failed');
    expect(steps[failed]).toMatchObject({ id, code, remedy: expect.stringMatching(/.{10}/) });
    expect(steps.slice(0, failed).every(({ state }) => state === 'passed')).toBe(true);
    expect(steps.slice(failed + 1).map(({ state }) => state)).toEqual(steps.slice(failed + 1).map(() => 'skipped'));
    expect(steps.at(-1)?.id).toBe('read_sample');
  });

  test('names the addresses to allow where the port refuses', async () => {
    const connection = connectionTo(inject('postgres'), { port: await freePort() });
    expect(stepOf(await check(connection, { workerAddresses: ['10.1.2.3'] }), 'tcp_connect')?.remedy).toContain(
      '10.1.2.3',
    );
  });
});
