import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect } from 'vitest';
import { putMember } from '../../access/members.js';
import { createPerson } from '../../access/people.js';
import type { TenantRole, WorkspaceRole } from '../../access/permissions.js';
import { createToken } from '../../access/tokens.js';
import { createWorkspace } from '../../access/workspaces.js';
import { createApi } from '../../api/app.js';
import type { ApiConfig } from '../../api/config.js';
import type { ApiContext } from '../../api/context.js';
import { createEventFeed } from '../../api/events/feed.js';
import { createGroup } from '../../catalog/groups/groups.js';
import { beat } from '../../catalog/groups/workers.js';
import type { Database } from '../../db/database.js';
import { createSearchIndex } from '../../search/create-index.js';
import { createFakeOrchestrator, type FakeOrchestrator } from '../fakes/fake-orchestrator.js';
import { testDatabase } from '../servers/test-database.js';
import { type Answer, checkAnswer, deedOf } from './declared-shapes.js';

export const PASSWORD = 'correct-horse-battery-staple';

/** Somebody who calls the API with a token of its own. */
export interface Caller {
  personId: string;
  email: string;
  token: string;
}

export interface Call {
  as?: Caller | undefined;
  body?: unknown;
  headers?: Record<string, string>;
  /** Instead of a body: sent as it is. */
  raw?: string;
}

/** A whole API on an ephemeral port: real PostgreSQL, a fake engine, and every line it logs. */
export interface ApiUnderTest {
  database: Database;
  orchestrator: FakeOrchestrator;
  context: ApiContext;
  /** Without a slash at its end. */
  url: string;
  log(): string;
  /** Calls `/api/v1` + path, checks the answer against its declared shape, and that what it did left its record. */
  call(method: string, path: string, call?: Call): Promise<Answer>;
  person(name: string, role?: { tenant?: TenantRole; workspace?: string; as?: WorkspaceRole }): Promise<Caller>;
  stop(): Promise<void>;
}

export async function startApi(
  options: { config?: Partial<ApiConfig>; context?: Partial<ApiContext> } = {},
): Promise<ApiUnderTest> {
  const { database, drop } = await testDatabase();
  const orchestrator = createFakeOrchestrator();
  const searchIndex = createSearchIndex({ database });
  await searchIndex.prepare();
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const secretKey = randomBytes(32);
  const log = pino({ level: 'debug' }, sink);
  const context: ApiContext = {
    database,
    orchestrator,
    searchIndex,
    secretKey,
    log,
    events: createEventFeed({ database, secretKey, log }, { poll: 500 }),
    ...options.context,
    config: {
      publicUrl: new URL('http://localhost:8080'),
      trustedProxies: 0,
      lineageStaleDays: 90,
      ...options.config,
    },
  };
  const server: Server = createApi(context).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    database,
    orchestrator,
    context,
    url,
    log: () => lines.join(''),
    call: async (method, path, call = {}) => {
      const answer = await send(url, method, path, call);
      await checkRecord(database, method, path, answer);
      return answer;
    },
    person: (name, role) => addPerson(database, name, role ?? {}),
    stop: async () => {
      context.events.close();
      server.closeAllConnections();
      server.close();
      await searchIndex.close();
      await drop();
    },
  };
}

/** Fails the test when a deed that was done is not in the record of deeds, by the name that its route declares. */
async function checkRecord(database: Database, method: string, path: string, answer: Answer): Promise<void> {
  if (method === 'GET' || answer.status >= 300 || answer.headers.has('idempotent-replayed')) return;
  const action = deedOf(method, path);
  if (action === undefined) return;
  const { rows } = await database.raw<{ rows: { action: string }[] }>(
    `SELECT action FROM audit_event WHERE detail ->> 'requestId' = ?`,
    [answer.headers.get('x-request-id') ?? ''],
  );
  expect(
    rows.map((row) => row.action),
    `the record of ${method} ${path}`,
  ).toContain(action);
}

async function send(url: string, method: string, path: string, call: Call): Promise<Answer> {
  const sent = call.raw ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
      ...(call.as === undefined ? {} : { authorization: `Bearer ${call.as.token}` }),
      ...call.headers,
    },
    ...(sent === undefined ? {} : { body: sent }),
  });
  const text = await response.text();
  const json = /json/.test(response.headers.get('content-type') ?? '');
  const answer: Answer = {
    status: response.status,
    headers: response.headers,
    text,
    body: json ? JSON.parse(text) : undefined,
  };
  checkAnswer(method, path, answer);
  return answer;
}

async function addPerson(
  database: Database,
  name: string,
  role: { tenant?: TenantRole; workspace?: string; as?: WorkspaceRole },
): Promise<Caller> {
  const email = `${name}-${randomBytes(4).toString('hex')}@example.com`;
  const person = await createPerson(database, { email, name, tenantRole: role.tenant ?? 'member' });
  if (role.workspace !== undefined) await putMember(database, role.workspace, person.id, role.as ?? 'viewer');
  const { token } = await createToken(database, person.id, { name: 'test' });
  return { personId: person.id, email, token };
}

/** A workspace with one person of each role, an administrator of the tenant, and somebody of another workspace. */
export interface People {
  workspaceId: string;
  elsewhereId: string;
  tenantAdmin: Caller;
  admin: Caller;
  developer: Caller;
  viewer: Caller;
  /** A developer of another workspace. */
  outsider: Caller;
}

export async function populate(api: ApiUnderTest): Promise<People> {
  const tenantAdmin = await api.person('Tenant admin', { tenant: 'admin' });
  const [workspace, elsewhere] = [
    await createWorkspace(api.database, { name: 'sales' }, tenantAdmin.personId),
    await createWorkspace(api.database, { name: 'elsewhere' }, tenantAdmin.personId),
  ];
  await createGroup(api.database, { id: 'default', name: 'Default' });
  return {
    workspaceId: workspace.id,
    elsewhereId: elsewhere.id,
    tenantAdmin,
    admin: await api.person('Admin', { workspace: workspace.id, as: 'admin' }),
    developer: await api.person('Developer', { workspace: workspace.id, as: 'developer' }),
    viewer: await api.person('Viewer', { workspace: workspace.id, as: 'viewer' }),
    outsider: await api.person('Outsider', { workspace: elsewhere.id, as: 'developer' }),
  };
}

/** Makes a resource group look served, as a worker does every five seconds. */
export async function serveGroup(api: ApiUnderTest, groupId = 'default'): Promise<void> {
  await beat(api.database, { id: 'worker-1', host: 'worker-1.example', addresses: ['192.0.2.7'] }, groupId, 4);
}
