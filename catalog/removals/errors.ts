import { Refusal } from '../../db/refusals.js';

/** Somebody, or time, decided on the held removals already. */
export class HoldDecided extends Refusal {
  readonly code = 'HOLD_DECIDED';

  constructor(readonly status: string) {
    super(
      `These removals are ${status} already`,
      'Read them again. What is still missing at the source is held anew by the next run.',
    );
  }
}

/** The entity is on the map. */
export class NotRemoved extends Refusal {
  readonly code = 'NOT_REMOVED';

  constructor(id: string) {
    super(`The entity ${id} was not removed: it is on the map`, 'Nothing needs to be restored.');
  }
}

/** Another entity has the name of the one that was removed. */
export class PlaceTaken extends Refusal {
  readonly code = 'PLACE_TAKEN';

  constructor(
    name: string,
    readonly entityId: string,
  ) {
    super(`Another entity is on the map as ${name}`, `See entity ${entityId}; what was removed keeps its own history.`);
  }
}

/** A run is writing the database's tables just now, or the database is leaving the map. */
export class DatabaseBusy extends Refusal {
  readonly code = 'DATABASE_BUSY';

  constructor(database: string, leaving: boolean) {
    super(
      leaving ? `The database ${database} is leaving the map` : `A run is publishing the database ${database} just now`,
      leaving ? 'Take the database back into the scope of a crawler.' : 'Try again when the run has ended.',
    );
  }
}
