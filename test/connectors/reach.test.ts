import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkStep, endingAtFirstFailure } from '../../connectors/check-step.js';
import { CHECK_STEPS, type CheckOptions, type CheckStep, ConnectorError } from '../../connectors/contract.js';
import { networkFailure, reach, resolveSource } from '../../connectors/reach.js';

const signal = new AbortController().signal;
let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));
afterEach(() => vi.unstubAllEnvs());

async function walk<T>(steps: AsyncGenerator<CheckStep, T, void>): Promise<{ steps: CheckStep[]; value: T }> {
  const seen: CheckStep[] = [];
  for (;;) {
    const next = await steps.next();
    if (next.done === true) return { steps: seen, value: next.value };
    seen.push(next.value);
  }
}

describe('resolving a source', () => {
  it('prefers IPv4, where most databases listen', async () => {
    expect(await resolveSource('localhost', { signal })).toEqual({ address: '127.0.0.1', family: 4 });
  });

  it.each([
    '169.254.169.254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '0xa9fea9fe',
    '2852039166',
    '100.100.100.200',
    '::ffff:100.100.100.200',
    '64:ff9b::6464:64c8',
    'fd00:ec2::254',
    'fd00:0ec2:0:0::254',
    'fe80::1',
    'febf::1',
    '0.0.0.0',
    '0',
    '::',
    '224.0.0.1',
    '255.255.255.255',
    'ff02::1',
  ])('refuses %s, whatever its spelling', async (host) => {
    await expect(resolveSource(host, { signal })).rejects.toMatchObject({ code: 'ADDRESS_REFUSED', retryable: false });
  });

  it.each(['10.0.0.1', '192.168.1.1', '172.16.0.1', '100.64.0.1', 'fd00::1', '2001:db8::1'])(
    'allows %s: databases live in private networks',
    async (host) => {
      expect(await resolveSource(host, { signal })).toMatchObject({ address: host });
    },
  );

  it.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost', '::ffff:127.0.0.1', '0x7f.1'])(
    'refuses the loopback address %s only where the operator says so',
    async (host) => {
      await expect(resolveSource(host, { signal })).resolves.toBeDefined();
      vi.stubEnv('DATAMAP_REFUSE_LOOPBACK', 'true');
      await expect(resolveSource(host, { signal })).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
    },
  );

  it('names an unknown host as it was typed', async () => {
    await expect(resolveSource('No-Such-Host.invalid', { signal })).rejects.toMatchObject({
      code: 'UNKNOWN_HOST',
      message: expect.stringContaining('No-Such-Host.invalid'),
    });
  });

  it('does nothing once aborted', async () => {
    await expect(resolveSource('localhost', { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});

describe('the steps that reach a source', () => {
  it('resolves, connects and returns the address', async () => {
    const { steps, value } = await walk(reach({ host: 'localhost', port }, { signal }));
    expect(value).toEqual({ address: '127.0.0.1', family: 4 });
    expect(steps.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'resolve_host running',
      'resolve_host passed',
      'tcp_connect running',
      'tcp_connect passed',
    ]);
    for (const step of steps.filter(({ state }) => state === 'passed')) expect(step.duration).toBeTypeOf('number');
  });

  it('names the worker addresses to allow when the port is closed', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => closed.once('listening', resolve));
    const address = closed.address();
    const closedPort = typeof address === 'object' && address !== null ? address.port : 0;
    await new Promise((resolve) => closed.close(resolve));
    const options: CheckOptions = { signal, workerAddresses: ['10.9.8.7', '10.9.8.8'] };
    const { steps, value } = await walk(reach({ host: '127.0.0.1', port: closedPort }, options));
    expect(value).toBeUndefined();
    expect(steps.at(-1)).toMatchObject({
      id: 'tcp_connect',
      state: 'failed',
      code: 'CONNECTION_REFUSED',
      remedy: expect.stringContaining('10.9.8.7, 10.9.8.8'),
    });
  });

  it('says allow-list when nobody answers', () => {
    const timeout = networkFailure(Object.assign(new Error('x'), { code: 'ETIMEDOUT' }), {
      host: 'db.example',
      port: 3306,
      workerAddresses: ['10.9.8.7'],
    });
    expect(timeout).toMatchObject({ code: 'CONNECTION_TIMEOUT', remedy: expect.stringContaining('10.9.8.7') });
  });

  it('does not connect when the host is unknown', async () => {
    const { steps, value } = await walk(reach({ host: 'no-such-host.invalid', port }, { signal }));
    expect(value).toBeUndefined();
    expect(steps.map(({ id, state }) => `${id} ${state}`)).toEqual(['resolve_host running', 'resolve_host failed']);
  });
});

describe('a step of a connection test', () => {
  const never = () => new Promise<never>(() => {});

  it('ends at its limit even if the work does not', async () => {
    const { steps, value } = await walk(checkStep('authenticate', { signal, stepTimeout: 20 }, never));
    expect(value).toBeUndefined();
    expect(steps.at(-1)).toMatchObject({ state: 'failed', code: 'STEP_TIMEOUT' });
  });

  it('explains its limit in its own words where it has some', async () => {
    const timeout = new ConnectorError('CONNECTION_TIMEOUT', 'db does not answer', 'Allow 10.9.8.7');
    const { steps } = await walk(checkStep('tcp_connect', { signal, stepTimeout: 20 }, never, { timeout }));
    expect(steps.at(-1)).toMatchObject({ state: 'failed', code: 'CONNECTION_TIMEOUT', remedy: 'Allow 10.9.8.7' });
  });

  it('ends when the test is cancelled', async () => {
    const stop = new AbortController();
    const walking = walk(checkStep('authenticate', { signal: stop.signal }, never));
    stop.abort();
    expect((await walking).steps.at(-1)).toMatchObject({ state: 'failed', code: 'CANCELLED' });
  });

  it('never shows the text of an error that the connector did not explain', async () => {
    const { steps } = await walk(
      checkStep('authenticate', { signal }, async () => {
        throw new Error('postgres://root:hunter2@db');
      }),
    );
    expect(JSON.stringify(steps)).not.toContain('hunter2');
    expect(steps.at(-1)).toMatchObject({ state: 'failed', code: 'SOURCE_ERROR' });
  });

  it('passes with a warning when there is something to look into', async () => {
    const { steps, value } = await walk(
      checkStep('check_privileges', { signal }, async () => ({
        value: 7,
        message: 'One schema is closed',
        warning: { code: 'PERMISSION_DENIED', remedy: 'GRANT it' },
      })),
    );
    expect(value).toBe(7);
    expect(steps.at(-1)).toMatchObject({ state: 'warning', code: 'PERMISSION_DENIED', remedy: 'GRANT it' });
  });

  it('makes every later step skipped after a failure, and closes the generator', async () => {
    let closed = false;
    async function* steps(): AsyncGenerator<CheckStep> {
      try {
        yield* checkStep('identify_server', { signal }, async () => {
          throw new ConnectorError('UNSUPPORTED_SERVER', 'It is something else', 'Choose another type');
        });
        yield { id: 'read_sample', state: 'passed' };
      } finally {
        closed = true;
      }
    }
    const seen: CheckStep[] = [];
    for await (const step of endingAtFirstFailure(steps())) seen.push(step);
    expect(closed).toBe(true);
    expect(seen.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'identify_server running',
      'identify_server failed',
      ...CHECK_STEPS.slice(CHECK_STEPS.indexOf('identify_server') + 1).map((id) => `${id} skipped`),
    ]);
  });
});
