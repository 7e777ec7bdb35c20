import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createSession, endSession } from '../../access/sessions.js';
import { revokeToken } from '../../access/tokens.js';
import { createApi } from '../../api/app.js';
import { createEventFeed } from '../../api/events/feed.js';
import { cookieName } from '../../api/session-cookie.js';
import { forgetOldEvents } from '../../catalog/events/event-log.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { type EventReader, type Received, readEventStream } from '../fakes/event-stream.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { type ApiUnderTest, type Caller, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let source: SyntheticSource;
let catalog: CrawledCatalog;
let member: Caller;
let outsider: Caller;
const open: EventReader[] = [];
const servers: Server[] = [];

beforeAll(async () => {
  api = await startApi();
  source = new SyntheticSource(5, 1);
  catalog = await crawledCatalog(api.database, source);
  await catalog.crawl();
  member = await api.person('Member', { workspace: catalog.workspaceId, as: 'viewer' });
  outsider = await api.person('Outsider');
});
afterEach(() => {
  for (const stream of open.splice(0)) stream.leave();
});
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await api.stop();
});

async function follow(
  as: Caller,
  { query = '', lastId, url = api.url }: { query?: string; lastId?: string | undefined; url?: string } = {},
) {
  const stream = await readEventStream(`${url}/api/v1/events${query}`, {
    authorization: `Bearer ${as.token}`,
    ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
  });
  open.push(stream);
  return stream;
}

/** Another process of the same installation. */
async function anotherProcess(options?: { beat?: number; poll?: number }) {
  const events = createEventFeed(api.context, options);
  const server = createApi({ ...api.context, events }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  return { events, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Has something happen that everybody is told of who may see the catalog's workspace. */
const mark = async (): Promise<string> => {
  const note = randomUUID();
  await catalog.rows('UPDATE crawler SET pause_note = ?, version = version + 1 WHERE id = ?', [
    note,
    catalog.crawlerId,
  ]);
  const [row] = await catalog.rows<{ version: number }>('SELECT version FROM crawler WHERE id = ?', [
    catalog.crawlerId,
  ]);
  return String(row?.version);
};
const isMark =
  (version: string) =>
  ({ event, data }: Received): boolean =>
    event === 'crawler.updated' && String(data.version) === version;

it('tells a member of a run, its progress and the tables that it changes, as they happen', async () => {
  const stream = await follow(member);
  expect(stream.status).toBe(200);
  expect(stream.headers.get('content-type')).toBe('text/event-stream');
  expect(stream.headers.get('cache-control')).toContain('no-transform');
  expect(stream.headers.get('x-accel-buffering')).toBe('no');
  await stream.until(({ event }) => event === 'hello');
  source.edit(SyntheticSource.keyOf(1), () => ({ comment: 'changed' }));
  const { runId } = await catalog.crawl();
  await stream.until(
    ({ event, data }) => event === 'run.updated' && data.runId === runId && data.status === 'succeeded',
  );
  const told = stream.received.filter(({ data }) => data.runId === runId);
  expect(told.map(({ event }) => event)).toEqual(
    expect.arrayContaining(['run.updated', 'run.progress', 'tables.changed']),
  );
  const [changed] = await catalog.rows<{ id: string }>(`SELECT id FROM entity WHERE comment = 'changed'`);
  expect(told.find(({ event }) => event === 'tables.changed')?.data).toMatchObject({
    databaseId: catalog.collectedDatabaseId,
    crawlerId: catalog.crawlerId,
    counts: { added: 0, changed: 1, removed: 0, restored: 0 },
    tables: [{ id: changed?.id, change: 'changed' }],
    more: 0,
  });
});

it('tells what was missed to who comes back with the last id, once and in order, and goes on', async () => {
  const first = await follow(member);
  await first.until(isMark(await mark()));
  first.leave();
  const [second, third] = [await mark(), await mark()];
  const again = await follow(member, { lastId: first.lastId() });
  const fourth = await mark();
  await again.until(isMark(fourth));
  expect(again.received.map(({ event, data }) => (event === 'hello' ? event : String(data.version)))).toEqual([
    'hello',
    second,
    third,
    fourth,
  ]);
});

it('skips nothing that commits late, however the ids were handed out', async () => {
  const stream = await follow(member);
  const late = await api.database.transaction();
  await late.raw('UPDATE crawler SET paused = NOT paused WHERE id = ?', [catalog.crawlerId]);
  const other = await crawledCatalog(api.database, new SyntheticSource(1, 1));
  await catalog.rows(`INSERT INTO workspace_member (workspace_id, person_id, role) VALUES (?, ?, 'viewer')`, [
    other.workspaceId,
    member.personId,
  ]);
  await other.rows('UPDATE crawler SET paused = true WHERE id = ?', [other.crawlerId]);
  await stream.until(
    ({ event, data }) => event === 'crawler.updated' && data.crawlerId === other.crawlerId && data.paused,
  );
  const between = stream.lastId();
  await late.commit();
  await stream.until(({ event, data }) => event === 'crawler.updated' && data.crawlerId === catalog.crawlerId);
  const again = await follow(member, { lastId: between });
  await again.until(({ event, data }) => event === 'crawler.updated' && data.crawlerId === catalog.crawlerId);
});

it('tells several processes, each of what happens in any, and each goes on where another left off', async () => {
  const other = await anotherProcess();
  const streams = [await follow(member), await follow(member, { url: other.url })];
  const version = await mark();
  for (const stream of streams) await stream.until(isMark(version));
  const [missed, lastId] = [await mark(), streams[0]?.lastId()];
  const moved = await follow(member, { url: other.url, lastId });
  await moved.until(isMark(missed));
});

it('outlives PostgreSQL, and goes on without being asked to look', async () => {
  const other = await anotherProcess({ poll: 60_000 });
  const stream = await follow(member, { url: other.url });
  await stream.until(isMark(await mark()));
  await catalog
    .rows('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()')
    .catch(() => undefined);
  // Its own connections are gone too.
  await expect.poll(() => mark().then(() => true)).toBe(true);
  await stream.until(isMark(await mark()));
});

it('cuts off who does not read, and keeps nobody else waiting', async () => {
  const other = await anotherProcess();
  const { port } = new URL(other.url);
  const socket = connect(Number(port), '127.0.0.1');
  const line = `GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${member.token}\r\n\r\n`;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined).write(line);
  const [head] = (await once(socket, 'data')) as [Buffer];
  expect(head.toString()).toContain('200 OK');
  socket.pause();
  const witness = await follow(member, { url: other.url, query: '?topic=operations' });
  const told = 40;
  for (let at = 0; at < told; at += 1)
    await catalog.rows(
      `INSERT INTO event (type, workspace_id, data)
       SELECT 'crawler.updated', ?, jsonb_build_object('text', repeat('x', 500000))`,
      [catalog.workspaceId],
    );
  await catalog.rows(`INSERT INTO event (type, workspace_id, data) VALUES ('operation.updated', ?, '{}')`, [
    catalog.workspaceId,
  ]);
  await witness.until(({ event }) => event === 'operation.updated');
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  socket.resume();
  await closed;
  expect(bytes).toBeLessThan(told * 500_000);
  await catalog.rows('DELETE FROM event');
}, 30_000);

it('holds to what a stream was asked for', async () => {
  const stream = await follow(member, { query: '?topic=runs&topic=tables' });
  const version = await mark();
  source.edit(SyntheticSource.keyOf(2), () => ({ comment: 'again' }));
  const { runId } = await catalog.crawl();
  await stream.until(({ data }) => data.runId === runId && data.status === 'succeeded');
  expect(new Set(stream.received.map(({ event }) => event))).toEqual(
    new Set(['hello', 'run.updated', 'tables.changed']),
  );
  expect(stream.received.some(isMark(version))).toBe(false);
  const elsewhere = await crawledCatalog(api.database, new SyntheticSource(1, 1));
  await elsewhere.rows(`UPDATE collected_database SET visibility = 'tenant'`);
  const narrow = await follow(member, { query: `?topic=tables&workspaceId=${catalog.workspaceId}` });
  await elsewhere.rows(
    `INSERT INTO event (type, collected_database_id, data)
     SELECT 'tables.changed', id, '{"of": "elsewhere"}' FROM collected_database ORDER BY id DESC LIMIT 1`,
  );
  await catalog.rows(
    `INSERT INTO event (type, collected_database_id, data)
     SELECT 'tables.changed', id, '{"of": "here"}' FROM collected_database WHERE workspace_id = ?`,
    [catalog.workspaceId],
  );
  await narrow.until(({ data }) => data.of === 'here');
  expect(narrow.received.map(({ data }) => data.of)).not.toContain('elsewhere');
  const refused = await api.call('GET', '/events?topic=weather', { as: member });
  expect(refused).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
});

it('says to read all anew to who was away for longer than events are kept, or comes from elsewhere', async () => {
  const first = await follow(member);
  await first.until(isMark(await mark()));
  first.leave();
  await mark();
  await api.database.raw(`UPDATE event SET at = now() - interval '25 hours'`);
  expect(await forgetOldEvents(api.database, 24)).toBeGreaterThan(0);
  const late = await follow(member, { lastId: first.lastId() });
  expect((await late.until(({ event }) => event === 'reset')).data).toEqual({ reason: 'too-old' });
  const stranger = await follow(member, { lastId: 'bm9uc2Vuc2U' });
  expect((await stranger.until(({ event }) => event === 'reset')).data).toEqual({ reason: 'unknown' });
  await late.until(isMark(await mark()));
  // Its place was given anew: it comes back to where it was reset.
  const back = await follow(member, { lastId: late.lastId() });
  await back.until(({ event }) => event === 'hello');
});

it('ends with the session or the token that it was opened by', async () => {
  const session = await createSession(api.database, member.personId);
  const byCookie = await readEventStream(`${api.url}/api/v1/events`, {
    cookie: `${cookieName(api.context.config)}=${session.secret}`,
  });
  expect(byCookie.status).toBe(200);
  await byCookie.until(({ event }) => event === 'hello');
  await endSession(api.database, session.secret);
  expect((await byCookie.until(({ event }) => event === 'end')).data).toEqual({ why: 'signed-out' });
  await byCookie.ended;

  const { body } = await api.call('POST', '/tokens', { as: member, body: { name: 'short' } });
  const byToken = await follow({ ...member, token: body.token });
  await byToken.until(({ event }) => event === 'hello');
  await revokeToken(api.database, member.personId, body.id);
  await byToken.ended;
  expect(byToken.received.at(-1)).toMatchObject({ event: 'end', data: { why: 'signed-out' } });
});

it('tells nothing to who may not see, and of the next event on to who may by then', async () => {
  const stream = await follow(outsider);
  const witness = await follow(member);
  await stream.until(({ event }) => event === 'hello');
  await catalog.rows(`UPDATE collected_database SET visibility = 'workspace' WHERE id = ?`, [
    catalog.collectedDatabaseId,
  ]);
  source.edit(SyntheticSource.keyOf(3), () => ({ comment: 'hidden' }));
  const hidden = await catalog.crawl();
  await witness.until(({ event, data }) => event === 'tables.changed' && data.runId === hidden.runId);
  await catalog.rows(`UPDATE collected_database SET visibility = 'tenant' WHERE id = ?`, [catalog.collectedDatabaseId]);
  source.edit(SyntheticSource.keyOf(3), () => ({ comment: 'shown' }));
  const shown = await catalog.crawl();
  await stream.until(({ event, data }) => event === 'tables.changed' && data.runId === shown.runId);
  await catalog.rows(`INSERT INTO workspace_member (workspace_id, person_id, role) VALUES (?, ?, 'viewer')`, [
    catalog.workspaceId,
    outsider.personId,
  ]);
  await stream.until(isMark(await mark()));
  await catalog.rows('DELETE FROM workspace_member WHERE workspace_id = ? AND person_id = ?', [
    catalog.workspaceId,
    outsider.personId,
  ]);
  const gone = await mark();
  await witness.until(isMark(gone));
  source.edit(SyntheticSource.keyOf(3), () => ({ comment: 'seen' }));
  const seen = await catalog.crawl();
  await stream.until(({ event, data }) => event === 'tables.changed' && data.runId === seen.runId);
  expect(stream.received.some(isMark(gone))).toBe(false);
  expect(stream.text()).not.toContain(hidden.runId);
});

it('gives no id twice, so that none tells whether something happened to others', async () => {
  const other = await anotherProcess({ beat: 20 });
  const quiet = await follow(outsider, { url: other.url });
  const ids = (): string[] => [...quiet.text().matchAll(/^id: (.+)$/gm)].map(([, id]) => id ?? '');
  await expect.poll(() => ids().length).toBeGreaterThan(5);
  expect(new Set(ids()).size).toBe(ids().length);
  expect(new Set(ids().map((id) => id.length)).size).toBe(1);
  expect(quiet.received.map(({ event }) => event)).toEqual(['hello']);
});

it('closes streams in order when the process stops, and lets nobody have too many', async () => {
  const other = await anotherProcess();
  const streams = await Promise.all(Array.from({ length: 20 }, () => follow(member, { url: other.url })));
  const refused = await fetch(`${other.url}/api/v1/events`, { headers: { authorization: `Bearer ${member.token}` } });
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(await refused.json()).toMatchObject({ code: 'TOO_MANY_STREAMS' });
  other.events.close();
  for (const stream of streams) {
    await stream.ended;
    expect(stream.received.at(-1)).toMatchObject({ event: 'end', data: { why: 'shutdown' } });
  }
});
