/** The workspaces whose sources, crawlers and runs the asker may see; `everything` for a tenant's admin. */
export type VisibleWorkspaces = readonly string[] | 'everything';

/** As a binding of `(:visible::uuid[] IS NULL OR workspace_id = ANY (:visible::uuid[]))`. */
export function visibleBinding(visible: VisibleWorkspaces): string[] | null {
  return visible === 'everything' ? null : [...visible];
}
