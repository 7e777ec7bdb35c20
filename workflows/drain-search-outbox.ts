import { isCancellation, log, patched } from '@temporalio/workflow';
import { control, inBatches, indexing } from './activities.js';
import { summarise } from './failure-summary.js';

/**
 * What is owed whatever became of the run that should have done it, each minute: databases that left a scope leave the
 * map, held removals have somebody who waits for them, what can be restored no longer goes for good, plans that nobody
 * applied and what was read for a person are dropped, runs that nobody works for any more are closed, webhooks are told,
 * tables are described, events of lineage are folded, and everything in the outbox reaches search.
 */
export async function drainSearchOutbox(): Promise<{ retired: number; drained: number }> {
  const retired = await inBatches('Take databases that left a scope off the map').retireDatabases();
  if (patched('removals-upkeep')) await keepRemovals();
  if (patched('drop-old-plans')) await dropOldPlans();
  if (patched('drop-expired')) await dropExpired();
  if (patched('close-lost-runs')) await closeLostRuns();
  if (patched('webhooks')) await keepWebhooks();
  if (patched('ai-descriptions')) await keepDescribing();
  if (patched('lineage-events')) await keepLineageEvents();
  const drained = await indexing('Bring search up to date').drainOutbox({});
  return { retired, drained };
}

/** Trouble here must not keep anything from search; the next minute tries again. */
async function keepRemovals(): Promise<void> {
  try {
    await control('See to removals that are held').keepHeldRemovals();
    await inBatches('Purge what was removed long ago').purgeTombstones();
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('Removals were not seen to; the next minute tries again', { cause: summarise(error).message });
  }
}

/** As above. */
async function dropOldPlans(): Promise<void> {
  try {
    await inBatches('Drop plans that nobody applied').dropOldPlans();
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('Old plans were not dropped; the next minute tries again', { cause: summarise(error).message });
  }
}

/** As above. What expired is shown to nobody meanwhile. */
async function dropExpired(): Promise<void> {
  try {
    await inBatches('Drop what was read for people and has expired').dropExpired();
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('What expired was not dropped; the next minute tries again', { cause: summarise(error).message });
  }
}

/** As above. */
async function closeLostRuns(): Promise<void> {
  try {
    await inBatches('Close runs that nobody works for').closeLostRuns();
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('Lost runs were not closed; the next minute tries again', { cause: summarise(error).message });
  }
}

/** As above. */
async function keepWebhooks(): Promise<void> {
  try {
    await control('See to webhooks that are to be told').keepWebhooks();
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('Webhooks were not seen to; the next minute tries again', { cause: summarise(error).message });
  }
}

/** As above. */
async function keepDescribing(): Promise<void> {
  try {
    await control('See to tables that are to be described').keepDescribing();
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('Descriptions were not seen to; the next minute tries again', { cause: summarise(error).message });
  }
}

/** As above. Whoever takes an event sees to it that it is folded soon; here is what they could not. */
async function keepLineageEvents(): Promise<void> {
  try {
    await inBatches('See to what events of lineage left behind').keepLineageEvents();
    await inBatches('Fold events of lineage into the map').foldLineageEvents();
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('Events of lineage were not seen to; the next minute tries again', { cause: summarise(error).message });
  }
}
