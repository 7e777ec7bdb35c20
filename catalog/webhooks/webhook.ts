import { Refusal } from '../../db/refusals.js';

/** What a webhook may be told of. */
export const WEBHOOK_EVENTS = ['table.added', 'table.changed', 'table.removed', 'run.finished'] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

export interface Webhook {
  id: string;
  workspaceId: string;
  name: string;
  url: string;
  events: WebhookEvent[];
  /** Only of this crawler's runs; null for all of the workspace. */
  crawlerId: string | null;
  enabled: boolean;
  /** Why Datamap turned it off; null where it did not. */
  disabledBecause: { code: string; message: string; remedy?: string } | null;
  version: number;
  createdAt: Date;
  updatedAt: Date;
  /** Runs that it is still to be told of. */
  waiting: number;
}

export class WebhookUrlRefused extends Refusal {
  readonly code = 'WEBHOOK_URL_REFUSED';

  constructor(message: string) {
    super(
      message,
      'Give the whole address of the receiver, beginning with https:// or http://, without a user or password.',
    );
  }
}

export class WebhookOff extends Refusal {
  readonly code = 'WEBHOOK_OFF';

  constructor(name: string) {
    super(`The webhook ${name} is turned off`, 'Turn it on first: PATCH it with "enabled": true.');
  }
}

/** A message did not arrive, or was not taken. Tried again, since whoever receives may be back any time. */
export class NotTaken extends Refusal {
  readonly code: 'RECEIVER_REFUSED' | 'RECEIVER_UNREACHABLE' | 'RECEIVER_ADDRESS_REFUSED' | 'RECEIVER_GONE';
  override readonly permanent = false;

  constructor(code: NotTaken['code'], message: string, remedy: string) {
    super(message, remedy);
    this.code = code;
  }
}
