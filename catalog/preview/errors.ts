import { Refusal } from '../../db/refusals.js';

/** The source is in its quiet hours, and nobody's curiosity is worth breaking them. */
export class SourceQuiet extends Refusal {
  readonly code = 'QUIET_HOURS';

  constructor(readonly until: string) {
    super(
      `The source is in its quiet hours until ${until}`,
      'Ask again after that, or change the quiet hours of the data source.',
    );
  }
}

/** What sources of the type have no rows to show, or their connector cannot read them. */
export class NotPreviewable extends Refusal {
  readonly code = 'PREVIEW_NOT_SUPPORTED';

  constructor(type: string) {
    super(`Rows of sources of type ${type} cannot be shown`, 'Look at the table with a client of the source.');
  }
}
