import { openOperations } from '../catalog/operations/read-operations.js';
import type { Database } from '../db/database.js';
import type { Orchestrator } from '../orchestrator/port.js';
import { startOperation } from './begin-operation.js';

/**
 * Asks the engine again for each operation that has not ended. One that is under way goes on undisturbed; one that the
 * engine never heard of, because it was away when somebody asked, begins.
 */
export async function resumeOperations(database: Database, orchestrator: Orchestrator): Promise<void> {
  for (const operation of await openOperations(database)) await startOperation(orchestrator, operation);
}
