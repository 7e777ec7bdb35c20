/** The state of a resource group that no worker serves, as a crawler, a run and a refusal tell of it. */
export function withoutWorker(groupId: string): { code: string; message: string; remedy: string } {
  return {
    code: 'RESOURCE_GROUP_WITHOUT_WORKER',
    message: `No worker serves the resource group ${groupId} now.`,
    remedy: workerRemedy(groupId),
  };
}

/** How to get a worker for a group. */
export function workerRemedy(groupId: string): string {
  return `Start a worker for it on a machine that reaches the data sources, with DATAMAP_RESOURCE_GROUPS=${groupId}.`;
}
