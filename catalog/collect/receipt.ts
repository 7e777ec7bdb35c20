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
  /** Set when the server is not the one that the catalog's native keys came from. */
  serverChanged?: { from: string };
}

export interface ReceiptParts {
  identity: { server: string; version: string; user: string };
  description: {
    incomplete?: Cause;
    schemas: readonly { name: string; unlisted?: Cause }[];
  };
  lastServerIdentity: string | null;
  fullRead: boolean;
}

/** What can be written of a receipt before anything was listed: counts are zero until the listing has ended. */
export function openReceipt({ identity, description, lastServerIdentity, fullRead }: ReceiptParts): Receipt {
  const unlistedSchemas = description.schemas.flatMap(({ name, unlisted }) =>
    unlisted === undefined ? [] : [{ schema: name, ...unlisted }],
  );
  return {
    complete: description.incomplete === undefined && unlistedSchemas.length === 0,
    ...(description.incomplete === undefined ? {} : { incomplete: description.incomplete }),
    unlistedSchemas,
    tables: 0,
    as: identity.user,
    server: identity.server,
    version: identity.version,
    queries: 0,
    fullRead,
    ...(serverChanged(lastServerIdentity, identity.server) ? { serverChanged: { from: lastServerIdentity } } : {}),
  };
}

/** Whether native keys and fingerprints of the catalog came from another server than the one that answers now. */
export function serverChanged(last: string | null, now: string): last is string {
  return last !== null && last !== now;
}
