import { Refusal } from '../../db/refusals.js';

/** The data source cannot be deleted, because crawlers collect it. */
export class SourceInUse extends Refusal {
  readonly code = 'SOURCE_IN_USE';

  constructor(
    name: string,
    readonly crawlers: readonly { id: string; name: string }[],
  ) {
    super(
      `The data source ${name} is collected by ${crawlers.map((crawler) => crawler.name).join(', ')}`,
      'Delete those crawlers first; that takes what they collected off the map.',
    );
  }
}

/** The instance is part of every guid on the map. */
export class InstanceFixed extends Refusal {
  readonly code = 'INSTANCE_FIXED';

  constructor(instance: string) {
    super(
      `The instance of a data source stays what it was: ${instance}`,
      'Change host and port in its config when the server moved; for another server create another data source.',
    );
  }
}

/** A credential could not be had: sealed under another key, altered, or not where its reference points. */
export class SecretUnavailable extends Refusal {
  readonly code = 'SECRET_UNAVAILABLE';
}

/** The key that seals credentials is not one. */
export class SecretKeyInvalid extends Refusal {
  readonly code = 'SECRET_KEY_INVALID';

  constructor() {
    super(
      'DATAMAP_SECRET_KEY is not a key of 32 bytes',
      'Make one with: openssl rand -base64 32. Keep it: credentials sealed under it cannot be read without it.',
    );
  }
}
