import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CHECK_STEPS, type CheckOptions, type CheckStep, type Connection } from '../../../connectors/contract.js';
import { mysqlConnector } from '../../../connectors/mysql/connector.js';
import { fakeMysql } from '../../fakes/mysql-server.js';
import { CERTIFICATE, tlsGreeting } from '../../fakes/mysql-tls-greeting.js';
import { MARIADB, TestSource } from './source.js';

const signal = new AbortController().signal;

async function check(connection: Connection, options: Partial<CheckOptions> = {}): Promise<CheckStep[]> {
  const ended: CheckStep[] = [];
  for await (const step of mysqlConnector.check(connection, { signal, workerAddresses: ['10.9.8.7'], ...options }))
    if (step.state !== 'running') ended.push(step);
  return ended;
}

const failureOf = (steps: CheckStep[]) => steps.find(({ state }) => state === 'failed');

describe.skipIf(MARIADB === '')('testing a connection to MariaDB', () => {
  let source: TestSource;
  beforeAll(async () => {
    source = await TestSource.create();
    await source.run('CREATE TABLE t (id int PRIMARY KEY, x int); CREATE VIEW v AS SELECT id FROM t');
  });
  afterAll(() => source?.drop());
  const config = (user: string, fields: object) => {
    const connection = source.connection(user);
    return { ...connection, config: { ...connection.config, ...fields } };
  };

  it('passes every step and says what it saw', async () => {
    const user = await source.account(`SELECT, SHOW VIEW ON ${source.pattern}.*`);
    const steps = await check(config(user, { tls: 'off' }), { databases: [source.database] });
    expect(steps.map(({ id }) => id)).toEqual(CHECK_STEPS.filter((id) => id !== 'worker'));
    expect(steps.filter(({ state }) => state !== 'passed').map(({ id, state }) => [id, state])).toEqual([
      ['tls_handshake', 'skipped'],
    ]);
    expect(steps.at(-1)?.message).toBe(`2 objects in ${source.database}; read 2 of them, with 3 columns`);
  });

  it('warns that the connection is not encrypted, and refuses where TLS is required', async () => {
    const preferring = await check(source.connection(), { databases: [source.database] });
    expect(preferring.find(({ id }) => id === 'tls_handshake')).toMatchObject({
      state: 'warning',
      code: 'NOT_ENCRYPTED',
    });
    expect(failureOf(preferring)).toBeUndefined();
    for (const tls of ['require', 'verify']) {
      const failed = failureOf(await check(config('root', { tls, host: 'localhost' })));
      expect(failed).toMatchObject({
        id: 'tls_handshake',
        code: 'TLS_MISMATCH',
        remedy: expect.stringContaining('ssl_cert'),
      });
    }
  });

  it('tells a wrong password, and keeps it to itself', async () => {
    const user = await source.account();
    const steps = await check({ ...source.connection(user), secrets: { password: 'not this' } });
    expect(failureOf(steps)).toMatchObject({ id: 'authenticate', code: 'BAD_CREDENTIALS' });
    expect(JSON.stringify(steps)).not.toContain('not this');
  });

  it('tells a database that is not there from one that is closed, with the exact grant', async () => {
    expect(failureOf(await check(source.connection(), { databases: ['no_such_db'] }))).toMatchObject({
      id: 'check_privileges',
      code: 'UNKNOWN_DATABASE',
      message: 'There is no database named no_such_db',
    });
    const other = await TestSource.create();
    const user = await other.account(`SELECT ON ${other.pattern}.*`);
    try {
      const failed = failureOf(await check(source.connection(user), { databases: [source.database] }));
      expect(failed).toMatchObject({ id: 'check_privileges', code: 'PERMISSION_DENIED' });
      expect(failed?.remedy).toContain(`GRANT SELECT, SHOW VIEW ON ${source.pattern}.*`);
    } finally {
      await other.drop();
    }
  });

  it('tells an account that sees nothing', async () => {
    expect(failureOf(await check(source.connection(await source.account())))).toMatchObject({
      id: 'list_databases',
      code: 'PERMISSION_DENIED',
    });
  });

  it('warns of what an account cannot see, with a grant that mends it', async () => {
    const user = await source.account(`SELECT ON ${source.database}.t`);
    const options = { databases: [source.database] };
    const warned = (await check(source.connection(user), options)).find(({ id }) => id === 'check_privileges');
    expect(warned).toMatchObject({ state: 'warning', code: 'PERMISSION_DENIED' });
    await source.run(warned?.remedy ?? '');
    const mended = (await check(source.connection(user), options)).find(({ id }) => id === 'check_privileges');
    expect(mended).toMatchObject({ state: 'passed' });
  });

  it('lists databases with the server’s own marked', async () => {
    const databases = await mysqlConnector.listDatabases(source.connection(), { signal });
    expect(databases).toContainEqual({ name: source.database });
    expect(databases).toContainEqual({ name: 'information_schema', system: true });
  });

  it('can be cancelled', async () => {
    const stop = new AbortController();
    const seen: CheckStep[] = [];
    for await (const step of mysqlConnector.check(source.connection(), { signal: stop.signal })) {
      seen.push(step);
      if (step.id === 'identify_server' && step.state === 'running') stop.abort();
    }
    expect(failureOf(seen)).toMatchObject({ id: 'identify_server', code: 'CANCELLED' });
    expect(seen.at(-1)).toMatchObject({ id: 'read_sample', state: 'skipped' });
  });
});

describe('testing a connection that cannot work', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  async function listener(onConnection: (greet: (packet: Buffer) => void) => void): Promise<number> {
    const server: Server = createServer((socket) => {
      socket.on('error', () => undefined);
      onConnection((packet) => socket.end(packet));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    closing.push(() => new Promise((resolve) => server.close(() => resolve())));
    return (server.address() as { port: number }).port;
  }

  const to = (port: number, fields: object = {}): Connection => ({
    config: { host: '127.0.0.1', port, user: 'crawler', ...fields },
    secrets: { password: 'x' },
  });

  it.each(['prefer', 'off'])('names the addresses to allow when the host is not let in (1130, TLS %s)', async (tls) => {
    const text = "Host '10.9.8.7' is not allowed to connect to this MySQL server";
    const body = Buffer.concat([Buffer.from([0xff, 0x6a, 0x04]), Buffer.from(text)]);
    const packet = Buffer.concat([Buffer.from([body.length, 0, 0, 0]), body]);
    const steps = await check(to(await listener((greet) => greet(packet)), { tls }));
    expect(failureOf(steps)).toMatchObject({
      id: 'authenticate',
      code: 'PERMISSION_DENIED',
      remedy: expect.stringContaining('10.9.8.7'),
    });
  });

  it('recognises what is no MySQL server', async () => {
    const port = await listener((greet) => greet(Buffer.from('SSH-2.0-OpenSSH_9.2p1 Debian\r\n')));
    expect(failureOf(await check(to(port)))).toMatchObject({ id: 'tls_handshake', code: 'UNSUPPORTED_SERVER' });
  });

  it('names the addresses to allow when the port closes at once', async () => {
    const port = await listener((greet) => greet(Buffer.alloc(0)));
    expect(failureOf(await check(to(port)))).toMatchObject({
      code: 'CONNECTION_LOST',
      remedy: expect.stringContaining('10.9.8.7'),
    });
  });

  it('ends a step that hangs at its limit', async () => {
    const port = await listener(() => undefined);
    const steps = await check(to(port), { stepTimeout: 100 });
    expect(failureOf(steps)).toMatchObject({ id: 'tls_handshake', code: 'STEP_TIMEOUT' });
  });

  it.each([
    [1045, 'BAD_CREDENTIALS'],
    [1040, 'TOO_MANY_CONNECTIONS'],
    [3118, 'BAD_CREDENTIALS'],
    [3159, 'TLS_MISMATCH'],
    [1129, 'CONNECTION_REFUSED'],
  ])('maps server error %i to %s', async (errno, code) => {
    const fake = await fakeMysql({
      version: '8.0.36',
      answer: () => undefined,
      refuse: { code: errno, message: 'because' },
    });
    closing.push(() => fake.close());
    expect(failureOf(await check(to(fake.port, { tls: 'off' })))).toMatchObject({ id: 'authenticate', code });
  });

  it.each([
    [{ port: 0 }, /port/],
    [{ user: '' }, /user/],
    [{ surprise: true }, /surprise|[Uu]nrecognized/],
  ])('says which field is wrong: %o', async (fields, message) => {
    const steps = await check(to(1, fields));
    expect(failureOf(steps)).toMatchObject({ id: 'validate_input', code: 'INVALID_CONFIG' });
    expect(failureOf(steps)?.message).toMatch(message);
  });

  it('verifies the certificate and the name when told to, and says which certificate it met', async () => {
    const fake = await tlsGreeting();
    closing.push(() => fake.close());
    const handshake = async (fields: object) =>
      (await check(to(fake.port, { host: 'localhost', ...fields }))).find(({ id }) => id === 'tls_handshake');
    expect(await handshake({ tls: 'require' })).toMatchObject({
      state: 'passed',
      detail: { subject: 'localhost', verified: false },
    });
    expect(await handshake({ tls: 'verify' })).toMatchObject({
      state: 'failed',
      code: 'TLS_MISMATCH',
      message: expect.stringContaining('SELF_SIGNED'),
    });
    const certificateAuthority = CERTIFICATE;
    expect(await handshake({ tls: 'verify', certificateAuthority })).toMatchObject({
      state: 'passed',
      detail: { verified: true },
    });
    const stop = new AbortController().signal;
    await expect(
      mysqlConnector.openDatabase(to(fake.port, { host: 'localhost', tls: 'verify' }), 'shop', { signal: stop }),
    ).rejects.toMatchObject({ code: 'TLS_MISMATCH', retryable: false });
  });

  it('asks for a name where an address cannot be verified', async () => {
    expect(failureOf(await check(to(1, { tls: 'verify' })))).toMatchObject({
      id: 'validate_input',
      code: 'INVALID_CONFIG',
    });
    await expect(mysqlConnector.openDatabase(to(1, { tls: 'verify' }), 'shop', { signal })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
    });
  });
});
