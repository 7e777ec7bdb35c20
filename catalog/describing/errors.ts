import { Refusal } from '../../db/refusals.js';

export class ModelUrlRefused extends Refusal {
  readonly code = 'MODEL_URL_REFUSED';

  constructor(message: string) {
    super(
      message,
      'Give the address of the API as its OpenAI clients take it, e.g. https://api.openai.com/v1 or http://localhost:11434/v1; the key goes into apiKey.',
    );
  }
}

/** A key must not be sent to where nobody entered it for. */
export class KeyOfOtherAddress extends Refusal {
  readonly code = 'KEY_OF_OTHER_ADDRESS';

  constructor() {
    super(
      'The API key was entered for another address',
      'Send the key of the new address along (apiKey), or null for none.',
    );
  }
}

export class ModelNotConfigured extends Refusal {
  readonly code = 'MODEL_NOT_CONFIGURED';

  constructor() {
    super('No model is configured to ask', 'PATCH /ai/settings with a url and a model first.');
  }
}

export class DescriptionsOff extends Refusal {
  readonly code = 'AI_DESCRIPTIONS_OFF';

  constructor(message: string, remedy: string) {
    super(message, remedy);
  }
}

/** Somebody decided, or the suggestion has gone out of date. */
export class SuggestionNotOpen extends Refusal {
  readonly code = 'SUGGESTION_NOT_OPEN';

  constructor(id: string, status: string) {
    super(`The suggestion ${id} is no longer open: it is ${status}`, 'List the suggestions again.');
  }
}

/** A person's words stand there, and no model's replace them. */
export class DescribedByPerson extends Refusal {
  readonly code = 'DESCRIBED_BY_PERSON';

  constructor() {
    super(
      'Somebody has described this meanwhile, and a suggestion never replaces a person’s words',
      'Edit the description itself if you want other words.',
    );
  }
}

/** The table says something else now than what the model was told. */
export class SuggestionStale extends Refusal {
  readonly code = 'SUGGESTION_STALE';

  constructor() {
    super(
      'The table has changed since the model was asked',
      'Nothing needs to be done: it is asked again, and a new suggestion comes.',
    );
  }
}
