import { Refusal } from '../../db/refusals.js';

/** A column is annotated that the table does not have and never had words for. */
export class ColumnUnknown extends Refusal {
  readonly code = 'COLUMN_UNKNOWN';

  constructor(column: string) {
    super(`The table has no column ${column}`, 'Give the name as the list of columns shows it, in the same case.');
  }
}

/** An owner is named by the id of a person there is not. */
export class OwnerUnknown extends Refusal {
  readonly code = 'OWNER_UNKNOWN';

  constructor(personId: string) {
    super(`There is no person ${personId}`, 'Give the id of a person of this installation, or a name as free text.');
  }
}
