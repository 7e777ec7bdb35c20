/**
 * The hash of the transaction id `xid` that stands at `place` (bigint), without making text of it. No cast makes a number
 * of an id, but its age is one: taken from the age of the first id there is, it leaves the id less three, since both ages
 * are counted to one point, which stands still in a statement. Ids are 32 bits that wrap around, hence the mask. Those of
 * what initdb made are as old as can be whenever they are asked; a row that changes gets another.
 */
export const xidHash = (xid: string, place: string): string =>
  `hashint8extended(CASE age(${xid}) WHEN 2147483647 THEN -1
     ELSE ((SELECT age('3'::xid))::bigint - age(${xid})) & 4294967295 END, ${place})`;

/**
 * Of each relation what changes with the rows that are its own, in the catalogues named after it: the sums of the hashes of
 * their transaction ids, NULL without any.
 */
interface OwnHashes {
  /** `pg_partitioned_table.xmin`. */
  partitioned: string;
  /** `pg_tablespace.spcname`. */
  tablespace: string;
  attribute: string;
  description: string;
  index: string;
  key: string;
  default: string;
  rule: string;
}

/**
 * The part of a fingerprint that a relation's own rows tell, for the relation `c` of the schema `n`. The listing and the
 * reading both have it, from the same expressions, so that a first reading can do without the listing's.
 */
export const ownFingerprint = (own: OwnHashes): string => `to_hex(hashtextextended(
         concat_ws('|', c.relkind, c.relpersistence, c.relam, c.relrowsecurity, c.relforcerowsecurity,
           quote_ident(n.nspname), quote_ident(c.relname), quote_ident(pg_get_userbyid(c.relowner)),
           quote_ident(${own.tablespace}), c.reloptions, ${own.partitioned},
           'a', ${own.attribute}, 'd', ${own.description}, 'i', ${own.index}, 'k', ${own.key}, 'e', ${own.default},
           'r', ${own.rule}),
         0))`;

/** What an index, a row `i` of pg_index and `x` of pg_class, adds to the hash of its table's indexes. */
export const indexHash = (i: string, x: string): string => `(${xidHash(`${i}.xmin`, `${i}.indexrelid::bigint`)}
             # hashtextextended(${x}.relname::text, ${i}.indexrelid::bigint)
             # coalesce(hashtextextended(${x}.reloptions::text, ${i}.indexrelid::bigint), 0))`;
