import type { LastReading } from './last-reading.js';

/** Why something could not be listed, and what would mend it. */
export interface Cause {
  code: string;
  reason: string;
  remedy: string;
}

/**
 * The proof a unit's collection ends with: what was listed, how completely, as whom, of which server. Stored with the
 * last page, so that a unit that has a receipt has all its pages.
 */
export interface Receipt {
  /** Everything was listed: no schema was closed to us and the database itself could be proved complete. */
  complete: boolean;
  incomplete?: Cause;
  /** Only tables of certain names were looked for: what else there is, and as whom it is read, it does not tell. */
  named?: true;
  /** Schemas whose objects could not be listed; what is on the map of them stays as it is. */
  unlistedSchemas: ({ schema: string } & Cause)[];
  /** Tables listed. */
  tables: number;
  /** The account that listed. */
  as: string;
  /** Who the server said it was. */
  server: string;
  /** The server's version. */
  version: string;
  /** Statements sent to the source. */
  queries: number;
  /** Everything was read, whatever its fingerprint said. */
  fullRead: boolean;
  /** The database's own number at the server, where it has one. */
  database?: string;
  /** A digest of what the account may do, where the source hides what one may not see. */
  privileges?: string;
  /** How far the server's history had come when all was read, where it tells. */
  position?: string;
  /** Set when the server is not the one that the catalog's native keys came from. */
  serverChanged?: { from: string };
  /** Set when the server has another database of the name than the one the native keys came from. */
  databaseChanged?: { from: string };
  /** Set when another account listed than the last time. */
  accountChanged?: { from: string };
  /** Set when the account may do something else than the last time. */
  privilegesChanged?: true;
  /** Set when a server that follows another had not yet come to where the last listing was made; bytes of its log. */
  replicaBehind?: { by: string };
}

export interface ReceiptParts {
  identity: { server: string; version: string; user: string };
  description: {
    identity?: string;
    privileges?: string;
    incomplete?: Cause;
    schemas: readonly { name: string; unlisted?: Cause }[];
  };
  /** Where the server was before anything was listed. */
  position: { at: string; follows: boolean } | undefined;
  last: LastReading;
  fullRead: boolean;
}

/** What can be written of a receipt before anything was listed: counts are zero until the listing has ended. */
export function openReceipt({ identity, description, position, last, fullRead }: ReceiptParts): Receipt {
  const unlistedSchemas = description.schemas.flatMap(({ name, unlisted }) =>
    unlisted === undefined ? [] : [{ schema: name, ...unlisted }],
  );
  const { incomplete, identity: database, privileges } = description;
  const server = changedFrom(last.server, identity.server);
  return {
    complete: incomplete === undefined && unlistedSchemas.length === 0,
    ...(incomplete === undefined ? {} : { incomplete }),
    unlistedSchemas,
    tables: 0,
    as: identity.user,
    server: identity.server,
    version: identity.version,
    queries: 0,
    fullRead,
    ...(database === undefined ? {} : { database }),
    ...(privileges === undefined ? {} : { privileges }),
    ...(server === undefined ? changesOnServer(identity.user, { database, privileges }, position, last) : {}),
    ...(server === undefined ? {} : { serverChanged: { from: server } }),
  };
}

/** Whether the keys in the catalog mean the same tables at the source that was listed. */
export function keysAreTrusted({ serverChanged, databaseChanged }: Receipt): boolean {
  return serverChanged === undefined && databaseChanged === undefined;
}

/** What differs from the last time although the server is the same. Another server may differ in all of it. */
function changesOnServer(
  user: string,
  now: { database: string | undefined; privileges: string | undefined },
  position: ReceiptParts['position'],
  last: LastReading,
): Partial<Receipt> {
  const database = changedFrom(last.databaseIdentity, now.database);
  const account = changedFrom(last.readAs, user);
  const behind =
    position?.follows === true && last.position !== null ? BigInt(last.position) - BigInt(position.at) : 0n;
  return {
    ...(database === undefined ? {} : { databaseChanged: { from: database } }),
    ...(account === undefined ? {} : { accountChanged: { from: account } }),
    ...(changedFrom(last.privileges, now.privileges) === undefined ? {} : { privilegesChanged: true }),
    ...(behind > 0n ? { replicaBehind: { by: String(behind) } } : {}),
  };
}

/** What it was, if it is something else now; what was never told has not changed. */
function changedFrom(last: string | null, now: string | undefined): string | undefined {
  return last !== null && now !== undefined && last !== now ? last : undefined;
}
