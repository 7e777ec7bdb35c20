/** What is to be done about a failed request. */
export type Consequence =
  /** A person has to mend something: nothing more is asked. */
  | { kind: 'stop' }
  /** The endpoint may be well again later, by its own word or by ours. */
  | { kind: 'later'; afterMs?: number }
  /** This table cannot be asked about; others can. */
  | { kind: 'table' };

/** A model was not asked, or did not answer as one should. Holds neither the key nor what was sent. */
export class ModelFailure extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly remedy: string,
    readonly consequence: Consequence,
    /** Whether the endpoint may have counted tokens all the same. */
    readonly spent: boolean = false,
  ) {
    super(message);
    this.name = 'ModelFailure';
  }
}
