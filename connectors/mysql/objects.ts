import { OBJECTS, readStatement } from './catalogue-queries.js';
import type { Flavour } from './flavour.js';
import type { Row, Session } from './session.js';

/** One row of information_schema.TABLES: what an object is, before its details are read. */
export interface ObjectRow {
  name: string;
  kind: 'table' | 'view';
  systemVersioned: boolean;
  engine: string | undefined;
  collation: string | undefined;
  createOptions: string;
  /**
   * MariaDB and MySQL 5.7 tell with the table, where looking for partitions would cost opening each. MySQL 8 and newer say
   * nothing of one that is partitioned by `KEY ()`, and have its partitions in their dictionary.
   */
  mayBePartitioned: boolean;
  /** What people wrote; a view has none. */
  comment: string | undefined;
  rows: number | undefined;
  bytes: number | undefined;
  /** Set when the server could not open it; `busy` when that is because it is being altered. */
  unreadable: { busy: boolean; message: string } | undefined;
  /** Everything of it that is part of the canonical form, for the fingerprint. */
  parts: readonly unknown[];
}

/** Messages that mean "come back later", in English by `lc_messages`. */
const BUSY = /^Lock wait timeout exceeded|was skipped since its definition is being modified/;
const TABLE_TYPES = new Set(['BASE TABLE', 'SYSTEM VERSIONED', 'VIEW']);

/** Reads the objects of these exact names. Sequences and temporary tables are none; names that are gone are absent. */
export async function readObjects(
  session: Session,
  database: string,
  names: readonly string[],
): Promise<Map<string, ObjectRow>> {
  const objects = new Map<string, ObjectRow>();
  if (names.length === 0) return objects;
  const asked = new Set(names);
  await session.eachRow(readStatement(OBJECTS), [database, names], (row) => {
    const object = objectOf(row, session.flavour);
    if (object !== undefined && asked.has(object.name)) objects.set(object.name, object);
  });
  return objects;
}

/**
 * A table that cannot be opened has no engine, and the error in place of its comment; a view never has an engine, and
 * `VIEW` as its comment unless it is broken. (MariaDB 10.11; MySQL does the same.)
 */
function objectOf(row: Row, { hasDictionary }: Flavour): ObjectRow | undefined {
  const [name, type, engine, collation, createOptions, comment, rows, bytes] = row.map(text);
  if (name === undefined || type === undefined || !TABLE_TYPES.has(type)) return undefined;
  const kind = type === 'VIEW' ? 'view' : 'table';
  const message = comment ?? '';
  const failed = kind === 'view' ? message !== 'VIEW' && message !== '' : engine === undefined;
  return {
    name,
    kind,
    systemVersioned: type === 'SYSTEM VERSIONED',
    engine,
    collation,
    createOptions: (createOptions ?? '').replace(/\bpartitioned\b/, '').trim(),
    mayBePartitioned: kind === 'table' && (hasDictionary || /\bpartitioned\b/.test(createOptions ?? '')),
    comment: kind === 'view' || failed || message === '' ? undefined : message,
    rows: count(rows),
    bytes: count(bytes),
    unreadable: failed ? { busy: BUSY.test(message), message } : undefined,
    parts: [type, engine, collation, createOptions, comment],
  };
}

export function text(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  return Buffer.isBuffer(value) ? value.toString('utf8') : String(value);
}

/** An estimate as a number, unless it is none or too large to be exact. */
export function count(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}
