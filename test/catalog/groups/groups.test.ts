import { afterAll, beforeAll, expect, test } from 'vitest';
import { GroupInUse, GroupUnknown } from '../../../catalog/groups/errors.js';
import { createGroup, deleteGroup, getGroup, listGroups, updateGroup } from '../../../catalog/groups/groups.js';
import { groupSlots } from '../../../catalog/groups/slots.js';
import { beat, leave, liveWorkers } from '../../../catalog/groups/workers.js';
import { InvalidInput } from '../../../catalog/model/errors.js';
import { query } from '../../../db/query.js';
import { NameTaken, NotFound, VersionConflict } from '../../../db/refusals.js';
import { testDatabase } from '../../servers/test-database.js';
import { installation } from '../installation.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let place: Awaited<ReturnType<typeof installation>>;
beforeAll(async () => {
  catalog = await testDatabase();
  place = await installation(catalog.database);
});
afterAll(() => catalog.drop());

const worker = (id: string) => ({ id, host: 'host-1', addresses: ['10.0.0.7'] });

test.each([
  [1, 0.25, 4],
  [0.3, 0.1, 3],
  [0.7, 0.1, 7],
  [1, 0.3, 3],
  [0.1, 0.25, 1],
])('%f CU at %f a task are %i slots', (capacity, task, slots) => {
  expect(groupSlots(capacity, task)).toBe(slots);
});

test('a group has one unit and four slots unless told otherwise', async () => {
  const group = await createGroup(catalog.database, { id: 'plain' });
  expect(group).toMatchObject({
    id: 'plain',
    name: 'plain',
    capacityCu: 1,
    cuPerTask: 0.25,
    slots: 4,
    liveWorkers: 0,
    workers: [],
    crawlers: 0,
    version: 1,
  });
  expect((await listGroups(catalog.database)).map(({ id }) => id)).toEqual(
    expect.arrayContaining(['default', 'plain']),
  );
  await expect(createGroup(catalog.database, { id: 'plain' })).rejects.toThrow(NameTaken);
  await expect(getGroup(catalog.database, 'none')).rejects.toThrow(NotFound);
});

test.each([
  { id: 'Upper' },
  { id: '' },
  { id: 'a:b' },
  { id: 'x', capacityCu: 0 },
  { id: 'x', cuPerTask: -1 },
  { id: 'x', capacityCu: 1, cuPerTask: 2 },
  { id: 'x', capacityCu: Number.NaN },
])('a group of %j is refused', async (group) => {
  await expect(createGroup(catalog.database, group)).rejects.toThrow(InvalidInput);
});

test('an edit changes what it names, and only of the version it was made from', async () => {
  await createGroup(catalog.database, { id: 'edited', region: 'eu' });
  const edited = await updateGroup(catalog.database, 'edited', { version: 1, capacityCu: 2 });
  expect(edited).toMatchObject({ capacityCu: 2, slots: 8, region: 'eu', version: 2 });
  const edit = (change: object) => updateGroup(catalog.database, 'edited', { version: 1, ...change });
  await expect(edit({ name: 'late' })).rejects.toThrow(VersionConflict);
  await expect(edit({ version: 2, cuPerTask: 3 })).rejects.toThrow(InvalidInput);
  await expect(updateGroup(catalog.database, 'none', { version: 1 })).rejects.toThrow(NotFound);
});

test('a worker is live while it was heard of in the last 20 seconds', async () => {
  await createGroup(catalog.database, { id: 'watched' });
  await beat(catalog.database, worker('w1'), 'watched', 4);
  await beat(catalog.database, worker('w2'), 'watched', 4);
  await beat(catalog.database, { ...worker('w1'), addresses: ['10.0.0.8'] }, 'watched', 8);
  const age = (id: string, seconds: number) =>
    query(
      catalog.database,
      `UPDATE worker_process SET seen_at = now() - make_interval(secs => :seconds) WHERE id = :id`,
      {
        id,
        seconds,
      },
    );
  await age('w1', 15);
  await age('w2', 21);
  expect(await liveWorkers(catalog.database, 'watched')).toEqual([
    {
      id: 'w1',
      host: 'host-1',
      addresses: ['10.0.0.8'],
      slots: 8,
      startedAt: expect.any(Date),
      seenAt: expect.any(Date),
    },
  ]);
  expect(await getGroup(catalog.database, 'watched')).toMatchObject({ liveWorkers: 1, workers: [{ id: 'w1' }] });
  await beat(catalog.database, worker('w2'), 'watched', 4);
  expect(await liveWorkers(catalog.database, 'watched')).toHaveLength(2);
});

test('a worker that shuts down leaves at once, all groups or one', async () => {
  await createGroup(catalog.database, { id: 'left' });
  await createGroup(catalog.database, { id: 'kept' });
  for (const group of ['left', 'kept']) await beat(catalog.database, worker('w3'), group, 4);
  await leave(catalog.database, 'w3', 'left');
  expect(await liveWorkers(catalog.database, 'left')).toEqual([]);
  expect(await liveWorkers(catalog.database, 'kept')).toHaveLength(1);
  await leave(catalog.database, 'w3');
  expect(await liveWorkers(catalog.database, 'kept')).toEqual([]);
});

test('a group with crawlers cannot be deleted, and one without takes its workers along', async () => {
  await createGroup(catalog.database, { id: 'used' });
  const crawler = await place.addCrawler({ groupId: 'used' });
  await expect(deleteGroup(catalog.database, 'used')).rejects.toThrow(GroupInUse);
  await expect(deleteGroup(catalog.database, 'used')).rejects.toMatchObject({ crawlers: [{ id: crawler.id }] });
  await createGroup(catalog.database, { id: 'unused' });
  await beat(catalog.database, worker('w4'), 'unused', 4);
  await deleteGroup(catalog.database, 'unused');
  await expect(deleteGroup(catalog.database, 'unused')).rejects.toThrow(NotFound);
  await expect(beat(catalog.database, worker('w4'), 'unused', 4)).rejects.toThrow(GroupUnknown);
});
