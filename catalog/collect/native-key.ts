/**
 * What an object is called within its database, by kind: a source may have a table whose own key reads `database`.
 */
export const DATABASE_KEY = 'database';

export const schemaKey = (sourceKey: string): string => `schema:${sourceKey}`;
export const tableKey = (sourceKey: string): string => `table:${sourceKey}`;
/** The source's own key of a table. */
export const sourceKeyOfTable = (nativeKey: string): string => nativeKey.slice('table:'.length);

/**
 * Begins the key of an object whose own key was given by a server that is no longer there, before the kind and the
 * entity's id. No listing shows such a key, so the object is missing until another one takes its guid over.
 */
export const FORMER = 'former-';

/** The kind of entity that a native key belongs to. */
export function kindOfKey(nativeKey: string): 'database' | 'schema' | 'table' {
  if (nativeKey === DATABASE_KEY) return 'database';
  return nativeKey.startsWith('schema:') || nativeKey.startsWith(`${FORMER}schema:`) ? 'schema' : 'table';
}
