import type { Cause } from './receipt.js';

/** Why removals did not happen, as problems of runs and holds say it. */

const IF_DROPPED = 'If the tables were really dropped, approve the removals.';

export const SERVER_CHANGED: Cause = {
  code: 'SERVER_CHANGED',
  reason: 'the server is not the one that was collected last time',
  remedy:
    'If the database was moved or restored, nothing needs to be done: tables were matched by name, and the next run may remove what is gone. If not, correct the address of the data source.',
};

export const REPLICA_BEHIND = (bytes: string): Cause => ({
  code: 'REPLICA_BEHIND',
  reason: `the server is a standby that is ${bytes} bytes of log behind what was collected last time`,
  remedy: 'Let the standby catch up, or name its primary in the data source; the next run decides.',
});

export const DATABASE_CHANGED = (from: string, to: string): Cause => ({
  code: 'DATABASE_CHANGED',
  reason: `the database is another one of the same name: its number at the server was ${from} and is ${to}`,
  remedy: `If the database was made anew, approve the removals. If not, correct the data source, or reject them.`,
});

export const ACCOUNT_CHANGED = (from: string, to: string): Cause => ({
  code: 'ACCOUNT_CHANGED',
  reason: `it was read as ${to}, and last time as ${from}, who may have seen more`,
  remedy: `Compare what the two accounts may see. ${IF_DROPPED}`,
});

export const PRIVILEGES_CHANGED = (account: string): Cause => ({
  code: 'PRIVILEGES_CHANGED',
  reason: `the privileges of ${account} are not those of last time, and the source hides what one may not see`,
  remedy: `Check its grants with SHOW GRANTS, and grant back what was revoked. ${IF_DROPPED}`,
});

export const EMPTY_LISTING = (of: number): Cause => ({
  code: 'EMPTY_LISTING',
  reason: `the listing was empty, where there had been ${of} ${of === 1 ? 'table' : 'tables'}`,
  remedy: `Check that the data source names the right database and that its account sees the tables. ${IF_DROPPED}`,
});

export const REMOVALS_HELD = 'REMOVALS_HELD';

export const tooMany = (share: string): Cause => ({
  code: REMOVALS_HELD,
  reason: `${share} are missing at the source, too many to be removed unseen`,
  remedy: `Check that the account of the data source still sees what it should. ${IF_DROPPED}`,
});

export const HELD_BEFORE: Cause = {
  code: REMOVALS_HELD,
  reason: 'tables are missing that were held before, and nobody decided on them in time',
  remedy: `Check that the account of the data source still sees what it should. ${IF_DROPPED}`,
};

export const STILL_WAITING: Cause = {
  code: REMOVALS_HELD,
  reason: 'an earlier run held their removal, and nobody has decided on it yet',
  remedy: 'Approve or reject the removals that are held.',
};

export const REJECTED: Cause = {
  code: 'REMOVALS_REJECTED',
  reason: 'a person rejected their removal',
  remedy: 'To take them off the map after all, approve the removals that were rejected.',
};
