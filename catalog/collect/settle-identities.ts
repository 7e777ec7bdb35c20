/** A staged object with the entities that it may be, as PAGE_CANDIDATES reads them. Ids are decimal text. */
export interface Candidate {
  nativeKey: string;
  guid: string;
  kind: string;
  hasPartitions: boolean;
  /** The entity that has this native key. */
  knownId: string | null;
  /** The living entity that has this guid. */
  holderId: string | null;
  /** An id of its own, should it turn out to be new. */
  newId: string | null;
  /**
   * The entity it is: the known one; or the holder, when that has no object at the source any more; or the last
   * tombstone of the guid, when there is no holder. The fields that follow are that entity's.
   */
  entityId: string | null;
  version: number | null;
  removed: boolean | null;
  sameStructure: boolean | null;
  samePartitions: boolean | null;
  sameGuid: boolean | null;
}

export type Action = 'added' | 'restored' | 'changed' | 'repartitioned' | 'renamed' | 'unchanged';

/** What becomes of one staged object. */
export interface Settled {
  nativeKey: string;
  kind: string;
  entityId: string;
  /** Another object of the page has its name, so it gets a guid that is marked with its id. */
  givesWay: boolean;
  action: Action;
  fromVersion: number | null;
  toVersion: number;
  /** Whether the entity had another native key, or none, before. */
  newKey: boolean;
  samePartitions: boolean;
  hasPartitions: boolean;
}

export interface Settlement {
  objects: Settled[];
  /** Living entities that hold a guid which another object has now: they give way until their own turn comes. */
  displaced: string[];
}

/**
 * Settles which entity each object of a page is. Two objects can claim one guid while a source is being renamed under
 * our hands, or while two tables swap their names, so a guid that is taken is never a reason to fail: the holder
 * gives way, and is put right by its own row, in this page, a later one, or the next run.
 */
export function settleIdentities(candidates: readonly Candidate[]): Settlement {
  const claimedGuids = new Set<string>();
  const claimedEntities = new Set(candidates.flatMap(({ knownId }) => (knownId === null ? [] : [knownId])));
  const displaced = new Set<string>();
  const objects = candidates.map((candidate): Settled => {
    const existing = claimEntity(candidate, claimedEntities);
    const entityId = existing ?? String(candidate.newId);
    const guidIsFree = !claimedGuids.has(candidate.guid);
    claimedGuids.add(candidate.guid);
    if (guidIsFree && candidate.holderId !== null && candidate.holderId !== entityId) displaced.add(candidate.holderId);
    const action = existing === null ? 'added' : actionOn(candidate);
    const version = candidate.version ?? 1;
    return {
      nativeKey: candidate.nativeKey,
      kind: candidate.kind,
      entityId,
      givesWay: !guidIsFree,
      action,
      fromVersion: existing === null ? null : version,
      toVersion: existing === null ? 1 : version + (candidate.sameStructure === true ? 0 : 1),
      newKey: candidate.knownId === null,
      samePartitions: existing !== null && candidate.samePartitions === true,
      hasPartitions: candidate.hasPartitions,
    };
  });
  return { objects, displaced: [...displaced] };
}

/** The existing entity, unless another object of the page was given it first. */
function claimEntity({ knownId, entityId }: Candidate, claimed: Set<string>): string | null {
  if (knownId !== null) return knownId;
  if (entityId === null || claimed.has(entityId)) return null;
  claimed.add(entityId);
  return entityId;
}

function actionOn(candidate: Candidate): Action {
  if (candidate.removed === true) return 'restored';
  if (candidate.sameStructure !== true) return 'changed';
  if (candidate.samePartitions !== true) return 'repartitioned';
  return candidate.sameGuid === true ? 'unchanged' : 'renamed';
}
