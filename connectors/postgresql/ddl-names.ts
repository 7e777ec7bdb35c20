import { quoteIdentifier } from './quote-identifier.js';

/** Words that PostgreSQL 12 to 18 do not take, or not everywhere, as a name without quotes (pg_get_keywords, all but U). */
const KEYWORDS = new Set(
  `
  all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char
  character check coalesce collate collation column concurrently constraint create cross current_catalog current_date
  current_role current_schema current_time current_timestamp current_user dec decimal default deferrable desc distinct
  do else end except exists extract false fetch float for foreign freeze from full grant greatest group grouping
  having ilike in initially inner inout int integer intersect interval into is isnull join json json_array
  json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
  lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize
  not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision
  primary real references returning right row select session_user setof similar smallint some substring symmetric
  system_user table tablesample then time timestamp to trailing treat trim true union unique user using values varchar
  variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces
  xmlparse xmlpi xmlroot xmlserialize xmltable
  `
    .trim()
    .split(/\s+/),
);

/** A name as people write it: with quotes only where it needs them. */
export function sqlName(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) && !KEYWORDS.has(name) ? name : quoteIdentifier(name);
}

export function qualified(schema: string | null, name: string): string {
  return schema === null ? sqlName(name) : `${sqlName(schema)}.${sqlName(name)}`;
}

/** A text constant. Backslashes stand for themselves, as they do by default since 9.1. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * A collation as it is kept: the bare name of one of PostgreSQL's own, such as `en_US.utf8`, or a schema as
 * quote_ident writes it with the bare name after it.
 */
export function collationName(kept: string): string {
  const [, schema, name] = /^("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)\.(.+)$/s.exec(kept) ?? [];
  const isEncoding = name !== undefined && /^(?:utf-?8|iso-?\d.*|koi8.*|euc.*|cp\d+|big5.*|gb.*|sjis)$/i.test(name);
  return schema === undefined || name === undefined || isEncoding
    ? quoteIdentifier(kept)
    : `${schema}.${quoteIdentifier(name)}`;
}
