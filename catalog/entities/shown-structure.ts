import { type StoredStructure, structureOf } from '../model/stored-structure.js';
import type { ForeignKey, TableStructure } from '../model/table.js';

/** Stands for what leads to a database that the reader may not see. */
export interface Restricted {
  restricted: true;
}

/** A foreign key as a reader may see it: what it refers to in a hidden database is not named. */
export type ShownForeignKey = Omit<ForeignKey, 'references'> & { references: ForeignKey['references'] | Restricted };

/** A structure as a reader may see it. */
export type ShownStructure = Omit<TableStructure, 'foreignKeys'> & {
  foreignKeys: ShownForeignKey[];
  /** What is left out since it names a database that the reader may not see; absent where nothing is. */
  restricted?: 'viewDefinition'[];
};

/**
 * SQL for the databases of the same server that are on the map, that a structure may name, and that the reader may not see,
 * by name: a superset of those that it does name, and nearly always empty. The databases are only looked at where a structure
 * has the text of a view or a key that names another database. Expects the structure's own database under the alias `d`.
 *
 * One that is leaving the map is judged as if it stayed: whoever might see it then is told no news by its name, and whoever
 * might not is not told it on its way out. What deleted workspaces left is not on the map.
 * @param structure an expression for the structure
 * @param visible the placeholder of a condition on collected_database under the alias `d`, which it takes once
 */
export const hiddenNames = (structure: string, visible: '?' | ':visible') => `ARRAY(
    SELECT d.name
      FROM (
        SELECT d.source_type, d.instance, d.name,
               lower(replace(concat_ws(chr(10), ${structure} ->> 'viewDefinition', (
                 SELECT string_agg(k.key -> 'references' ->> 'database', chr(10))
                   FROM jsonb_array_elements(${structure} -> 'foreignKeys') AS k (key)
               )), repeat(chr(96), 2), chr(96))) AS text
        OFFSET 0
      ) own
     CROSS JOIN LATERAL (
       SELECT o.name, o.visibility, o.workspace_id, CAST(NULL AS timestamptz) AS retiring_at
         FROM collected_database o
        WHERE o.source_type = own.source_type AND o.instance = own.instance AND o.workspace_id IS NOT NULL
          AND o.name <> own.name AND strpos(own.text, lower(o.name)) > 0
     ) d
     WHERE own.text <> ''
     GROUP BY d.name
    HAVING NOT bool_or(coalesce((${visible}), false))
  )`;

/**
 * A structure without what it tells of hidden databases: what foreign keys refer to there, and the whole text of a view that
 * names one, since the rest of a query tells of its tables too.
 * @param hidden what {@link hiddenNames} gave for it
 * @param schema of its table; null where tables have none and a name begins with its database
 */
export function shownStructure(
  stored: StoredStructure,
  hidden: readonly string[],
  schema: string | null,
): ShownStructure {
  const { foreignKeys, viewDefinition, ...structure } = structureOf(stored);
  const restricted =
    viewDefinition !== undefined && hidden.some((name) => names(viewDefinition, name, schema !== null));
  return {
    ...structure,
    foreignKeys: foreignKeys.map((key) =>
      key.references.database !== undefined && isAmong(hidden, key.references.database)
        ? { ...key, references: { restricted: true } }
        : key,
    ),
    ...(restricted ? { restricted: ['viewDefinition'] } : viewDefinition === undefined ? {} : { viewDefinition }),
  };
}

/** Whether a database is one of these, in whatever case: some servers do not tell cases apart. */
export const isAmong = (hidden: readonly string[], database: string): boolean =>
  hidden.some((name) => name.toLowerCase() === database.toLowerCase());

/**
 * Whether a text has a name that begins with the database: of two parts at least where tables have no schema, of three where
 * they have. Quoted or not, in whatever case, and also in constants: rather too much is left out than too little.
 */
function names(text: string, database: string, schemas: boolean): boolean {
  const escaped = database.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  const schema = schemas ? '(?:"[^"]+"|`[^`]+`|[\\p{L}\\p{N}_$]+)\\s*\\.' : '';
  return new RegExp(`(?<![\\p{L}\\p{N}_$])(?<!\\.\\s*[\`"]?)${escaped}[\`"]?\\s*\\.\\s*${schema}`, 'iu').test(
    text.replaceAll('``', '`'),
  );
}
