import { expect, test } from 'vitest';
import type { Actor } from '../../access/actor.js';
import { authorise, can } from '../../access/authorise.js';
import { Forbidden } from '../../access/errors.js';
import { ALL_PERMISSIONS, type Permission, type WorkspaceRole } from '../../access/permissions.js';
import { visibleWorkspaces } from '../../access/visibility.js';
import { NotFound } from '../../db/refusals.js';

const here = '11111111-1111-4111-8111-111111111111';
const there = '22222222-2222-4222-8222-222222222222';

const actor = (role?: WorkspaceRole | 'tenant admin'): Actor => ({
  personId: '33333333-3333-4333-8333-333333333333',
  email: 'someone@example.org',
  name: 'Someone',
  tenantRole: role === 'tenant admin' ? 'admin' : 'member',
  workspaces: new Map(role === undefined || role === 'tenant admin' ? [] : [[here, role]]),
  workspaceNames: new Map([[here, 'sales']]),
});

const reading: Permission[] = [
  'workspace.read',
  'member.read',
  'source.read',
  'crawler.read',
  'run.read',
  'entity.read',
  'entity.refresh',
  'webhook.read',
  'collection.read',
  'collection.create',
];
const developing: Permission[] = [
  'source.write',
  'source.test',
  'source.delete',
  'crawler.write',
  'crawler.run',
  'crawler.delete',
  'removal.decide',
  'entity.annotate',
  'lineage.state',
  'lineage.write',
  'entity.restore',
  'data.preview',
];
const managing: Permission[] = [
  'workspace.manage',
  'member.manage',
  'audit.read',
  'entity.publish',
  'webhook.manage',
  'collection.manage',
  'collection.certify',
];

test.each<[WorkspaceRole, Permission[]]>([
  ['viewer', reading],
  ['developer', [...reading, ...developing]],
  ['admin', [...reading, ...developing, ...managing]],
])('in a workspace a %s may do exactly what the role carries', (role, allowed) => {
  const may = ALL_PERMISSIONS.filter((permission) => can(actor(role), permission, here));
  expect(may.sort()).toEqual([...allowed].sort());
});

test("a tenant's administrator may do everything everywhere", () => {
  for (const permission of ALL_PERMISSIONS) {
    authorise(actor('tenant admin'), permission);
    authorise(actor('tenant admin'), permission, there);
  }
});

test('outside of workspaces a member may only ask for lists and make collections, whatever its roles', () => {
  const lists = [
    'workspace.read',
    'source.read',
    'crawler.read',
    'run.read',
    'entity.read',
    'entity.refresh',
    'webhook.read',
    'group.read',
    'collection.read',
    'collection.create',
  ];
  for (const someone of [actor(), actor('viewer'), actor('admin')])
    expect(ALL_PERMISSIONS.filter((permission) => can(someone, permission)).sort()).toEqual(lists.sort());
});

test('what a role lacks is refused by naming permission and workspace', () => {
  expect(() => authorise(actor('viewer'), 'crawler.run', here)).toThrow(Forbidden);
  expect(() => authorise(actor('viewer'), 'crawler.run', here)).toThrow(
    expect.objectContaining({ code: 'FORBIDDEN', permission: 'crawler.run', workspace: { id: here, name: 'sales' } }),
  );
  expect(() => authorise(actor('admin'), 'group.manage')).toThrow(
    expect.objectContaining({ code: 'FORBIDDEN', permission: 'group.manage', workspace: undefined }),
  );
});

test('what is in a workspace one is not in is not there', () => {
  for (const permission of ALL_PERMISSIONS)
    for (const someone of [actor(), actor('admin')]) {
      expect(() => authorise(someone, permission, there)).toThrow(NotFound);
      expect(() => authorise(someone, permission, 'not even an id')).toThrow(NotFound);
    }
});

test('what is listed is of the workspaces one is in', () => {
  expect(visibleWorkspaces(actor())).toEqual([]);
  expect(visibleWorkspaces(actor('viewer'))).toEqual([here]);
  expect(visibleWorkspaces(actor('tenant admin'))).toBe('everything');
});
