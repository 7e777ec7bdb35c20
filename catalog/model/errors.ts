import { Refusal } from '../../db/refusals.js';
/** One or more fields of what was asked are wrong. */
export class InvalidInput extends Refusal {
  readonly code = 'INVALID_INPUT';

  constructor(
    /** `path` as in the request, e.g. `config.port`. */
    readonly issues: readonly { path: string; message: string }[],
    remedy = 'Correct the fields named here and try again.',
  ) {
    super(issues.map((issue) => `${issue.path} ${issue.message}`).join('; '), remedy);
  }
}
