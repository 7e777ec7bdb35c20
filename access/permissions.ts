export type TenantRole = 'admin' | 'member';
export type WorkspaceRole = 'admin' | 'developer' | 'viewer';

/**
 * Everything a person may be allowed to do, in one table.
 *
 * `workspace`: the roles that may do it to what a workspace owns. `anywhere`: who may do it where no workspace is
 * concerned; every `member` may ask for lists, whose rows are then those of the workspaces the person is in. A tenant's
 * administrator may do everything everywhere.
 */
const PERMISSIONS = {
  'workspace.read': { anywhere: 'member', workspace: ['admin', 'developer', 'viewer'] },
  'workspace.create': { anywhere: 'admin', workspace: [] },
  'workspace.manage': { anywhere: 'admin', workspace: ['admin'] },
  'workspace.delete': { anywhere: 'admin', workspace: [] },
  'member.read': { anywhere: 'admin', workspace: ['admin', 'developer', 'viewer'] },
  'member.manage': { anywhere: 'admin', workspace: ['admin'] },
  'source.read': { anywhere: 'member', workspace: ['admin', 'developer', 'viewer'] },
  'source.write': { anywhere: 'admin', workspace: ['admin', 'developer'] },
  'source.test': { anywhere: 'admin', workspace: ['admin', 'developer'] },
  'source.delete': { anywhere: 'admin', workspace: ['admin', 'developer'] },
  'crawler.read': { anywhere: 'member', workspace: ['admin', 'developer', 'viewer'] },
  'crawler.write': { anywhere: 'admin', workspace: ['admin', 'developer'] },
  'crawler.run': { anywhere: 'admin', workspace: ['admin', 'developer'] },
  'crawler.delete': { anywhere: 'admin', workspace: ['admin', 'developer'] },
  'run.read': { anywhere: 'member', workspace: ['admin', 'developer', 'viewer'] },
  'removal.decide': { anywhere: 'admin', workspace: ['admin', 'developer'] },
  'webhook.read': { anywhere: 'member', workspace: ['admin', 'developer', 'viewer'] },
  'webhook.manage': { anywhere: 'admin', workspace: ['admin'] },
  'entity.read': { anywhere: 'member', workspace: ['admin', 'developer', 'viewer'] },
  'data.preview': { anywhere: 'admin', workspace: ['admin', 'developer'] },
  'entity.refresh': { anywhere: 'member', workspace: ['admin', 'developer', 'viewer'] },
  'lineage.write': { anywhere: 'admin', workspace: ['admin', 'developer'] },
  'lineage.state': { anywhere: 'admin', workspace: ['admin', 'developer'] },
  'entity.restore': { anywhere: 'admin', workspace: ['admin', 'developer'] },
  'entity.annotate': { anywhere: 'admin', workspace: ['admin', 'developer'] },
  'entity.publish': { anywhere: 'admin', workspace: ['admin'] },
  'ai.manage': { anywhere: 'admin', workspace: [] },
  'tag.manage': { anywhere: 'admin', workspace: [] },
  'collection.read': { anywhere: 'member', workspace: ['admin', 'developer', 'viewer'] },
  'collection.create': { anywhere: 'member', workspace: ['admin', 'developer', 'viewer'] },
  // Its owners edit a collection; this is to edit one that is others'.
  'collection.manage': { anywhere: 'admin', workspace: ['admin'] },
  'collection.certify': { anywhere: 'admin', workspace: ['admin'] },
  'group.read': { anywhere: 'member', workspace: [] },
  'group.manage': { anywhere: 'admin', workspace: [] },
  'person.read': { anywhere: 'admin', workspace: [] },
  'person.manage': { anywhere: 'admin', workspace: [] },
  'metrics.read': { anywhere: 'admin', workspace: [] },
  'audit.read': { anywhere: 'admin', workspace: ['admin'] },
} as const satisfies Record<string, { anywhere: TenantRole; workspace: readonly WorkspaceRole[] }>;

export type Permission = keyof typeof PERMISSIONS;
export const ALL_PERMISSIONS = Object.keys(PERMISSIONS) as Permission[];

/** Whether a role in a workspace carries a permission there. */
export function roleHas(role: WorkspaceRole, permission: Permission): boolean {
  return (PERMISSIONS[permission].workspace as readonly WorkspaceRole[]).includes(role);
}

/** Whether a person of the tenant who is not its administrator has a permission outside of any workspace. */
export function memberHas(permission: Permission): boolean {
  return PERMISSIONS[permission].anywhere === 'member';
}
