import type { Operation, OperationKind } from '../catalog/operations/operation.js';
import type { Orchestrator } from '../orchestrator/port.js';
import type { ApiContext } from './context.js';

/**
 * Has the engine do an operation that the catalog holds. Where the engine is away the request stands, and what asks
 * again in the background begins it later.
 * @returns what an answer says of it beside its body
 */
export async function beginOperation(
  context: ApiContext,
  operation: Operation,
): Promise<{ accepted: true; headers: Record<string, string> }> {
  const { id, kind, crawler } = operation;
  try {
    await startOperation(context.orchestrator, { kind, crawlerId: crawler.id, crawlerName: crawler.name });
  } catch (error) {
    context.log.warn({ err: error, operationId: id }, 'An operation will be begun when the engine is back');
  }
  return { accepted: true, headers: { Location: `/api/v1/operations/${id}` } };
}

/** Starts what does an operation, or finds it under way. @throws OrchestratorUnavailable */
export async function startOperation(
  orchestrator: Orchestrator,
  { kind, ...crawler }: { kind: OperationKind; crawlerId: string; crawlerName: string },
): Promise<void> {
  if (kind === 'delete_crawler') await orchestrator.deleteCrawler(crawler);
  else await orchestrator.narrowScope(crawler);
}
