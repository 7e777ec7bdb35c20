import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadActor } from '../../access/actor.js';
import { audit } from '../../access/audit.js';
import { LastAdmin, PasswordRefused, WorkspaceInUse } from '../../access/errors.js';
import { ensureFirstAdmin } from '../../access/first-admin.js';
import { listMembers, putMember, removeMember } from '../../access/members.js';
import { createPerson, getPerson, listPeople, updatePerson } from '../../access/people.js';
import { visiblePredicate } from '../../access/visibility.js';
import {
  createWorkspace,
  deleteWorkspace,
  getWorkspace,
  listWorkspaces,
  updateWorkspace,
} from '../../access/workspaces.js';
import { query } from '../../db/query.js';
import { NameTaken, NotFound, VersionConflict } from '../../db/refusals.js';
import { atOnce, installation } from '../catalog/installation.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
beforeEach(() => query(catalog.database, 'TRUNCATE person, workspace, resource_group CASCADE'));
afterAll(() => catalog.drop());

let people = 0;
const person = (tenantRole: 'admin' | 'member' = 'member') => {
  people += 1;
  return createPerson(catalog.database, { email: `p${people}@example.org`, name: `P ${people}`, tenantRole });
};
const workspace = (adminId: string) => createWorkspace(catalog.database, { name: randomUUID() }, adminId);

test('the first administrator is made once, with a workspace and a resource group, however many ask', async () => {
  const asked = await Promise.all(
    Array.from({ length: 5 }, () => ensureFirstAdmin(catalog.database, { email: 'Root@Example.org', name: 'Root' })),
  );
  expect(asked.filter((answer) => answer.created)).toHaveLength(1);
  expect(new Set(asked.map((answer) => answer.personId)).size).toBe(1);
  const [first] = asked;
  expect(await loadActor(catalog.database, first?.personId ?? '')).toMatchObject({
    email: 'root@example.org',
    tenantRole: 'admin',
    workspaces: new Map([[first?.workspaceId, 'admin']]),
    workspaceNames: new Map([[first?.workspaceId, 'default']]),
  });
  expect(await query(catalog.database, 'SELECT id FROM resource_group')).toEqual([{ id: 'default' }]);
});

test('an installation that has an administrator gets no second one', async () => {
  const admin = await person('admin');
  const answer = await ensureFirstAdmin(catalog.database, { email: 'other@example.org', name: 'Other' });
  expect(answer).toMatchObject({ personId: admin.id, created: false });
  expect(await listPeople(catalog.database, { limit: 10 })).toHaveLength(1);
});

test('people are made, changed and listed by address', async () => {
  const ann = await createPerson(catalog.database, { email: ' Ann@Example.org ', name: 'Ann' });
  expect(ann).toMatchObject({ email: 'ann@example.org', tenantRole: 'member', hasPassword: false, disabledAt: null });
  await expect(createPerson(catalog.database, { email: 'ANN@example.org', name: 'X' })).rejects.toThrow(NameTaken);
  const refused = { email: 'c@example.org', name: 'C', password: 'short' };
  await expect(createPerson(catalog.database, refused)).rejects.toThrow(PasswordRefused);
  const bob = await createPerson(catalog.database, { email: 'bob@example.org', name: 'Bob' });
  expect(await updatePerson(catalog.database, bob.id, { name: 'Robert' })).toMatchObject({ name: 'Robert' });
  await expect(updatePerson(catalog.database, bob.id, { email: 'ann@example.org' })).rejects.toThrow(NameTaken);
  await expect(updatePerson(catalog.database, randomUUID(), { name: 'x' })).rejects.toThrow(NotFound);
  await expect(getPerson(catalog.database, randomUUID())).rejects.toThrow(NotFound);
  const [first] = await listPeople(catalog.database, { limit: 1 });
  expect(first?.id).toBe(ann.id);
  const next = await listPeople(catalog.database, { limit: 1, after: first?.email ?? '' });
  expect(next.map(({ id }) => id)).toEqual([bob.id]);
});

test('the last enabled administrator can be neither demoted nor disabled', async () => {
  const [one, other] = [await person('admin'), await person('admin')];
  await updatePerson(catalog.database, other.id, { disabled: true });
  await expect(updatePerson(catalog.database, one.id, { disabled: true })).rejects.toThrow(LastAdmin);
  await expect(updatePerson(catalog.database, one.id, { tenantRole: 'member' })).rejects.toThrow(LastAdmin);
  await updatePerson(catalog.database, other.id, { tenantRole: 'member' });
  await updatePerson(catalog.database, one.id, { name: 'Renamed', tenantRole: 'admin', disabled: false });
});

test('of administrators who step down at once one stays', async () => {
  const admins = [await person('admin'), await person('admin'), await person('admin')];
  const steps = await atOnce(
    catalog.database,
    { sql: 'SELECT 1 FROM person FOR UPDATE', bindings: [] },
    admins.map(
      ({ id }) =>
        () =>
          updatePerson(catalog.database, id, { tenantRole: 'member' }),
    ),
  );
  expect(steps.filter((step) => step.status === 'fulfilled')).toHaveLength(2);
  for (const step of steps) if (step.status === 'rejected') expect(step.reason).toBeInstanceOf(LastAdmin);
});

test('members are put, changed, listed and removed', async () => {
  const [admin, ann] = [await person(), await person()];
  const { id } = await workspace(admin.id);
  expect(await putMember(catalog.database, id, ann.id, 'viewer')).toMatchObject({ personId: ann.id, role: 'viewer' });
  expect(await putMember(catalog.database, id, ann.id, 'developer')).toMatchObject({ role: 'developer' });
  expect((await loadActor(catalog.database, ann.id))?.workspaces).toEqual(new Map([[id, 'developer']]));
  const [first] = await listMembers(catalog.database, id, { limit: 1 });
  expect(first).toMatchObject({ personId: admin.id, role: 'admin', disabled: false, since: expect.any(Date) });
  const rest = await listMembers(catalog.database, id, { limit: 5, after: first?.email ?? '' });
  expect(rest.map((member) => member.personId)).toEqual([ann.id]);
  await removeMember(catalog.database, id, ann.id);
  await expect(removeMember(catalog.database, id, ann.id)).rejects.toThrow(NotFound);
  await expect(putMember(catalog.database, id, randomUUID(), 'viewer')).rejects.toThrow(NotFound);
  await expect(putMember(catalog.database, randomUUID(), ann.id, 'viewer')).rejects.toThrow(NotFound);
});

test('the last administrator of a workspace can be neither removed nor demoted', async () => {
  const [admin, ann] = [await person(), await person()];
  const { id } = await workspace(admin.id);
  await putMember(catalog.database, id, ann.id, 'developer');
  await expect(removeMember(catalog.database, id, admin.id)).rejects.toThrow(LastAdmin);
  await expect(putMember(catalog.database, id, admin.id, 'viewer')).rejects.toThrow(LastAdmin);
  await putMember(catalog.database, id, admin.id, 'admin');
  await putMember(catalog.database, id, ann.id, 'admin');
  const steps = await atOnce<unknown>(
    catalog.database,
    { sql: 'SELECT 1 FROM workspace_member WHERE workspace_id = ? FOR UPDATE', bindings: [id] },
    [() => removeMember(catalog.database, id, admin.id), () => putMember(catalog.database, id, ann.id, 'viewer')],
  );
  expect(steps.map((step) => step.status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('a workspace is made with its first administrator, edited by version, and listed by who sees it', async () => {
  const admin = await person();
  const made = await createWorkspace(catalog.database, { name: 'sales', timeZone: 'Asia/Shanghai' }, admin.id);
  expect(made).toMatchObject({ timeZone: 'Asia/Shanghai', defaultVisibility: 'workspace', version: 1, members: 1 });
  await expect(createWorkspace(catalog.database, { name: 'sales' }, admin.id)).rejects.toThrow(NameTaken);
  const other = await createWorkspace(catalog.database, { name: 'stock', description: 'x' }, admin.id);
  const edit = (change: object) => updateWorkspace(catalog.database, other.id, { version: 1, ...change });
  await expect(edit({ name: 'sales' })).rejects.toThrow(NameTaken);
  expect(await edit({ description: null })).toMatchObject({ name: 'stock', description: null, version: 2 });
  await expect(edit({ name: 'late' })).rejects.toThrow(VersionConflict);
  const names = async (visible: string[] | 'everything', after?: string) =>
    (await listWorkspaces(catalog.database, visible, { limit: 10, ...(after === undefined ? {} : { after }) })).map(
      ({ name }) => name,
    );
  expect(await names('everything')).toEqual(['sales', 'stock']);
  expect(await names('everything', 'sales')).toEqual(['stock']);
  expect(await names([made.id])).toEqual(['sales']);
  expect(await names([])).toEqual([]);
});

test('a workspace that owns something cannot be deleted, and an empty one can', async () => {
  const place = await installation(catalog.database);
  await place.addCrawler();
  await expect(deleteWorkspace(catalog.database, place.workspaceId)).rejects.toThrow(WorkspaceInUse);
  await expect(deleteWorkspace(catalog.database, place.workspaceId)).rejects.toMatchObject({
    dataSources: 1,
    crawlers: 1,
  });
  const { id } = await workspace(place.personId);
  await deleteWorkspace(catalog.database, id);
  await expect(getWorkspace(catalog.database, id)).rejects.toThrow(NotFound);
});

test('what a person may see of the map is its workspaces and what is public within the tenant', async () => {
  const place = await installation(catalog.database);
  const [insider, outsider] = [await person(), await person()];
  await putMember(catalog.database, place.workspaceId, insider.id, 'viewer');
  await place.addCrawler({ databases: ['open', 'closed'] });
  await query(catalog.database, `UPDATE collected_database SET visibility = 'tenant' WHERE name = 'open'`);
  const seen = async (personId: string) => {
    const actor = await loadActor(catalog.database, personId);
    if (actor === undefined) throw new Error('nobody');
    const rows = await query<{ name: string }>(
      catalog.database,
      'SELECT d.name FROM collected_database d WHERE d.id > :above AND :visible ORDER BY d.name LIMIT :limit',
      { above: 0, visible: visiblePredicate(actor), limit: 5 },
    );
    const built = await catalog.database('collected_database as d').where(visiblePredicate(actor)).pluck('d.name');
    expect(built.sort()).toEqual(rows.map((row) => row.name));
    return built;
  };
  expect(await seen(insider.id)).toEqual(['closed', 'open']);
  expect(await seen(outsider.id)).toEqual(['open']);
  expect(await seen(place.personId)).toEqual(['closed', 'open']);
});

test('what was done is recorded with the change, or not at all', async () => {
  const { id } = await person();
  const event = {
    personId: id,
    action: 'person.manage',
    objectKind: 'person',
    objectId: id,
    detail: { fields: ['name'] },
  };
  await catalog.database
    .transaction(async (transaction) => {
      await audit(transaction, event);
      throw new Error('the change failed');
    })
    .catch(() => undefined);
  expect(await query(catalog.database, 'SELECT 1 FROM audit_event')).toEqual([]);
  await audit(catalog.database, event);
  await audit(catalog.database, { action: 'run.expire', objectKind: 'run', objectId: '1' });
  expect(await query(catalog.database, 'SELECT person_id, action, detail FROM audit_event ORDER BY id')).toEqual([
    { person_id: id, action: 'person.manage', detail: { fields: ['name'] } },
    { person_id: null, action: 'run.expire', detail: {} },
  ]);
});
