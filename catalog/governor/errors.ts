import { Refusal } from '../../db/refusals.js';

/** Every connection that the source's limit allows is in use. Passes by itself. */
export class SourceBusy extends Refusal {
  readonly code = 'SOURCE_BUSY';

  constructor(message: string) {
    super(
      message,
      'It goes on as soon as a connection is free. Raise maxConnections of the data source if this lasts too long.',
    );
  }
}

/** A worker could not renew its hold on a connection in time, so that somebody else may have taken it. */
export class LeaseLost extends Refusal {
  readonly code = 'SOURCE_LEASE_LOST';

  constructor() {
    super(
      "The worker's hold on its connection to the source ran out before it could be renewed",
      'Nothing needs to be done: another attempt goes on from here.',
    );
  }
}

/** The run reads as many databases at once as it was held to. Passes by itself. */
export class RunThrottled extends Refusal {
  readonly code = 'RUN_THROTTLED';

  constructor(lanes: number) {
    super(
      `The run is held to ${lanes === 1 ? 'one database' : `${lanes} databases`} at once`,
      'It goes on as soon as one of them is done. POST /api/v1/runs/{id}/throttle lifts it.',
    );
  }
}
