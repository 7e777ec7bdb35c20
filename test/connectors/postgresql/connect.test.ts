import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { freePort } from '../../../cli/embedded/free-port.js';
import { type RunningPostgres, startPostgres } from '../../../cli/embedded/postgres.js';
import { postgresqlConnector } from '../../../connectors/postgresql/connector.js';
import { selfSigned } from '../../servers/certificate.js';
import { connectionTo } from './source.js';

const PASSWORD = 'a pass/word %40';
const signal = new AbortController().signal;
const { key, certificate } = selfSigned('localhost');

let directory: string;
let server: RunningPostgres;
let admin: pg.Client;

/** A server of this file's own: with passwords, TLS, few connections, and rules that refuse. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'datamap-connect-'));
  chmodSync(directory, 0o755);
  const dataDirectory = join(directory, 'data');
  const options = { dataDirectory, port: await freePort(), password: PASSWORD };
  await (await startPostgres(options)).stop();
  const { uid, gid } = statSync(dataDirectory);
  for (const [file, content] of Object.entries({ 'server.key': key, 'server.crt': certificate })) {
    writeFileSync(join(dataDirectory, file), content, { mode: 0o600 });
    chownSync(join(dataDirectory, file), uid, gid);
  }
  writeFileSync(
    join(dataDirectory, 'pg_hba.conf'),
    [
      'hostssl all tls_only 127.0.0.1/32 scram-sha-256',
      'hostnossl all plain_only 127.0.0.1/32 scram-sha-256',
      'host all nobody 10.255.255.255/32 scram-sha-256',
      'host all no_login,datamap,reader,few 127.0.0.1/32 scram-sha-256',
    ].join('\n'),
  );
  server = await startPostgres({
    ...options,
    settings: { ssl: 'on', fsync: 'off', max_connections: '20', client_min_messages: 'error' },
  });
  admin = new pg.Client(server.url);
  await admin.connect();
  await admin.query(`
    CREATE ROLE reader LOGIN PASSWORD '${PASSWORD}'; CREATE ROLE tls_only LOGIN PASSWORD '${PASSWORD}';
    CREATE ROLE plain_only LOGIN PASSWORD '${PASSWORD}'; CREATE ROLE nobody LOGIN; CREATE ROLE no_login PASSWORD '${PASSWORD}';
    CREATE ROLE few LOGIN PASSWORD '${PASSWORD}' CONNECTION LIMIT 0`);
  await admin.query('CREATE DATABASE "Closed ""shop"""');
  await admin.query('REVOKE CONNECT ON DATABASE "Closed ""shop""" FROM PUBLIC');
}, 60_000);
afterAll(async () => {
  await admin.end();
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

function open(
  config: Record<string, unknown>,
  secrets: Record<string, string> = { password: PASSWORD },
  database?: string,
) {
  const connection = { ...connectionTo(server.url, { user: 'reader', ...config }), secrets };
  return postgresqlConnector.openDatabase(connection, database ?? 'postgres', { signal });
}

/** Opens, asks the server what it sees of us, closes. */
async function encryptionOf(config: Record<string, unknown>): Promise<boolean> {
  const reader = await open(config);
  try {
    const { rows } = await admin.query<{ ssl: boolean }>(
      `SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'datamap'`,
    );
    return rows[0]?.ssl ?? false;
  } finally {
    await reader.close();
  }
}

describe('connecting', () => {
  test.each([
    ['off', false],
    ['prefer', true],
    ['require', true],
  ])('with TLS %s is encrypted: %s', async (tls, encrypted) => {
    expect(await encryptionOf({ tls })).toBe(encrypted);
  });

  test('verifies chain and name where it is told to', async () => {
    const trusted = { tls: 'verify', certificateAuthority: certificate };
    expect(await encryptionOf({ ...trusted, host: 'localhost' })).toBe(true);
    await expect(open({ ...trusted, host: '127.0.0.1' })).rejects.toMatchObject({
      code: 'TLS_MISMATCH',
      message: expect.stringContaining('not for 127.0.0.1'),
    });
    await expect(open({ tls: 'verify', host: 'localhost' })).rejects.toMatchObject({
      code: 'TLS_MISMATCH',
      remedy: expect.stringContaining('PEM'),
    });
  });

  test('falls back from TLS only where it is merely preferred and the rules of the server want it', async () => {
    expect(await encryptionOf({ tls: 'prefer', user: 'plain_only' })).toBe(false);
    await expect(open({ tls: 'require', user: 'plain_only' })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  test('says when the server wants TLS and the data source does not', async () => {
    await expect(open({ tls: 'off', user: 'tls_only' })).rejects.toMatchObject({
      code: 'TLS_MISMATCH',
      remedy: expect.stringContaining('"require"'),
      retryable: false,
    });
  });

  test('says when the data source wants TLS and the server has none', async () => {
    const plain = connectionTo(inject('postgres'), { tls: 'require' });
    await expect(postgresqlConnector.openDatabase(plain, 'postgres', { signal })).rejects.toMatchObject({
      code: 'TLS_MISMATCH',
      message: expect.stringContaining('does not speak TLS'),
    });
  });

  test('refuses a wrong password, a missing one, and a role that may not log in', async () => {
    await expect(open({}, { password: 'wrong' })).rejects.toMatchObject({ code: 'BAD_CREDENTIALS', retryable: false });
    await expect(open({}, {})).rejects.toMatchObject({
      code: 'BAD_CREDENTIALS',
      remedy: 'Add the password to the data source',
    });
    await expect(open({ user: 'no_login' })).rejects.toMatchObject({ code: 'BAD_CREDENTIALS' });
  });

  test('takes no password from the environment of the worker', async () => {
    process.env['PGPASSWORD'] = PASSWORD;
    try {
      await expect(open({}, {})).rejects.toMatchObject({ code: 'BAD_CREDENTIALS' });
    } finally {
      delete process.env['PGPASSWORD'];
    }
  });

  test('never repeats the password', async () => {
    const error = await open({}, { password: 'hunter2hunter2' }).catch((caught: unknown) => caught);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hunter2');
  });

  test('names the line that is missing in pg_hba.conf', async () => {
    await expect(open({ user: 'nobody' })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      remedy: expect.stringContaining('host postgres nobody 127.0.0.1/32'),
      retryable: false,
    });
  });

  test('tells an unknown database from one that may not be opened, with the grant to run', async () => {
    await expect(open({}, undefined, 'nowhere')).rejects.toMatchObject({ code: 'UNKNOWN_DATABASE' });
    await expect(open({}, undefined, 'Closed "shop"')).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      remedy: expect.stringContaining('GRANT CONNECT ON DATABASE "Closed ""shop""" TO "reader"'),
    });
  });

  test('lists a database that may not be opened, with the grant to run, and no templates', async () => {
    const connection = { ...connectionTo(server.url, { user: 'reader' }), secrets: { password: PASSWORD } };
    expect(await postgresqlConnector.listDatabases(connection, { signal })).toEqual([
      {
        name: 'Closed "shop"',
        unavailable: 'Not permitted. GRANT CONNECT ON DATABASE "Closed ""shop""" TO "reader"',
      },
      { name: 'postgres', comment: 'default administrative connection database' },
    ]);
  });

  test('is worth another attempt when the server has no connection left', async () => {
    await expect(open({ user: 'few' })).rejects.toMatchObject({ code: 'TOO_MANY_CONNECTIONS', retryable: true });
  });

  test('fails for a host that does not exist and a port where nobody listens', async () => {
    await expect(open({ host: 'no-such-host.invalid' })).rejects.toMatchObject({ code: 'UNKNOWN_HOST' });
    await expect(open({ port: await freePort() })).rejects.toMatchObject({
      code: 'CONNECTION_REFUSED',
      retryable: true,
    });
    await expect(open({ host: '169.254.169.254' })).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
  });

  test('reads without the right to see the system identifier, as the same server each time', async () => {
    await admin.query('REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC');
    try {
      const first = await open({});
      const second = await open({});
      expect(first.identity.server).toMatch(/^database:\d+:[0-9a-f]{32}$/);
      expect(second.identity).toEqual(first.identity);
      await Promise.all([first.close(), second.close()]);
    } finally {
      await admin.query('GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC');
    }
  });
});

describe('what only looks like PostgreSQL', () => {
  const listeners: Server[] = [];
  afterAll(() => {
    for (const listener of listeners) listener.close();
  });
  async function listening(listener: Server): Promise<Record<string, unknown>> {
    listeners.push(listener);
    const port = await freePort();
    await new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', resolve));
    return { host: '127.0.0.1', port };
  }

  test.each(['off', 'prefer', 'require'])('a web server is told apart with TLS %s', async (tls) => {
    const config = await listening(createHttpServer((_, response) => response.end('hello')));
    await expect(open({ ...config, tls })).rejects.toMatchObject({ code: 'UNSUPPORTED_SERVER', retryable: false });
  });

  test.skipIf(inject('mariadb') === '').each(['off', 'prefer'])(
    'a MariaDB server is told apart with TLS %s',
    async (tls) => {
      const { hostname, port } = new URL(inject('mariadb'));
      await expect(open({ host: hostname, port: Number(port), tls })).rejects.toMatchObject({
        code: 'UNSUPPORTED_SERVER',
      });
    },
    30_000,
  );

  test('a server that greets on its own is told apart by a length that happens to be the letter S', async () => {
    const config = await listening(
      createServer((socket) => socket.on('error', () => undefined).write('SSH-2.0-x\r\n')),
    );
    await expect(open({ ...config, tls: 'require' })).rejects.toMatchObject({ code: 'UNSUPPORTED_SERVER' });
  });
});

describe('through a pooler', () => {
  /** Passes everything on, and tells the client a process number of its own, as PgBouncer does. */
  async function pooler(): Promise<{ port: number; close(): void }> {
    const sockets: Socket[] = [];
    const proxy = createServer((client) => {
      const upstream = new Socket().connect(server.port, '127.0.0.1');
      sockets.push(client, upstream);
      for (const socket of [client, upstream]) socket.on('error', () => undefined).on('close', () => socket.destroy());
      client.pipe(upstream);
      upstream.on('data', (data) => {
        const keyData = data.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
        if (keyData >= 0 && keyData + 9 <= data.length) data.writeInt32BE(1, keyData + 5);
        client.write(data);
      });
    });
    const port = await freePort();
    await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve));
    return {
      port,
      close: () => {
        proxy.close();
        for (const socket of sockets) socket.destroy();
      },
    };
  }

  test('leaves no setting behind in a server process that others share', async () => {
    const { port, close } = await pooler();
    try {
      await admin.query('CREATE SCHEMA pooled CREATE TABLE seen (id integer); GRANT USAGE ON SCHEMA pooled TO reader');
      const reader = await open({ port, tls: 'off' });
      const heads = [];
      for await (const batch of reader.list()) heads.push(...batch);
      const page = await reader.read(heads.map((head) => head.key));
      expect(page.tables.map(({ name }) => name)).toEqual(['seen']);
      const { rows } = await admin.query<{ query: string }>(
        `SELECT query FROM pg_stat_activity WHERE application_name = 'datamap'`,
      );
      expect(rows).toEqual([{ query: 'ROLLBACK' }]);
      await reader.close();
    } finally {
      close();
    }
  });
});
