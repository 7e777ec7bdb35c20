import { connecting, control, inBatches } from './activities.js';
import type { GroupActivities, RunPlan, Trigger, UnitRef } from './contract.js';

/** Makes the units of a run: of what the source lists, or, where the source has no say, of what another run changed
 * or a person named. The step of these two goes by the rows of the run; its name is of the first.
 */
export async function listUnits(
  trigger: Trigger,
  { runId, resourceGroup }: RunPlan,
): Promise<Awaited<ReturnType<GroupActivities['discoverUnits']>>> {
  if (trigger === 'refresh') return control('List the databases of the named tables').planRevert({ runId });
  if (trigger === 'revert') return control('List the databases that the run changed').planRevert({ runId });
  return connecting(resourceGroup, `List the databases in scope, on resource group ${resourceGroup}`).discoverUnits({
    runId,
  });
}

/** Brings what was collected of a unit to its end: on the map, or into a plan. */
export async function endUnit(trigger: Trigger, unit: UnitRef): Promise<void> {
  if (trigger === 'plan') await inBatches(`Work out what database ${unit.database} would change`).planUnit(unit);
  else await inBatches(`Publish database ${unit.database}`).publishUnit(unit);
}

/** Takes back what another run did to a database. */
export async function revertUnit(unit: UnitRef): Promise<void> {
  await inBatches(`Take back the changes of database ${unit.database}`).revertUnit(unit);
}
