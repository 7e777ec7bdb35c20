import { guidOf } from '../../catalog/model/guid.js';
import type { Dialect, NameDefaults, TableName } from '../sql/statement-lineage.js';

/** Where a view stands: the database on the map, and its schema there. */
export interface ViewPlace {
  sourceType: string;
  instance: string;
  database: string;
  schema: string | null;
}

/** How a source type names things in the text of its views. */
interface Naming {
  dialect: Dialect;
  /** What a name without a schema means: the connectors read texts in a session of which this is known. */
  defaults(view: ViewPlace): NameDefaults;
  /** Database and schema on the map of a table that a text names. */
  place(table: TableName, view: ViewPlace): { database: string; schema: string | null };
  /** Schemas of the server's own, which are never on the map. */
  own: ReadonlySet<string>;
  /** The name outside of the map, after OpenLineage's "Naming" page: a namespace for the server, a dotted path there. */
  scheme: string;
}

const NAMINGS: Record<string, Naming> = {
  // Read with an empty search_path: only the server's own catalogue goes without a schema (connectors/postgresql).
  postgresql: {
    dialect: 'postgresql',
    defaults: () => ({ schema: 'pg_catalog' }),
    place: ({ schema }, { database }) => ({ database, schema: schema ?? null }),
    own: new Set(['pg_catalog', 'information_schema']),
    scheme: 'postgres',
  },
  mysql: {
    dialect: 'mysql',
    defaults: ({ database }) => ({ schema: database }),
    place: ({ schema }, { database }) => ({ database: schema ?? database, schema: null }),
    own: new Set(['information_schema', 'mysql', 'performance_schema', 'sys']),
    scheme: 'mysql',
  },
};

/** The source types whose views are read. */
export const TYPES_WITH_VIEWS = Object.keys(NAMINGS);

/** @throws Error for a source type that is not among `TYPES_WITH_VIEWS` */
export function namingOf(sourceType: string): Naming {
  const naming = NAMINGS[sourceType];
  if (naming === undefined) throw new Error(`Views of ${sourceType} are not read`);
  return naming;
}

/** A table that a view names, as the map would know it and as the world outside does. */
export interface NamedTable {
  guid: string;
  /** It is the server's own, and not missing from the map. */
  own: boolean;
  namespace: string;
  name: string;
}

/** What the name in the view's text stands for. */
export function namedTable(table: TableName, view: ViewPlace): NamedTable {
  const naming = namingOf(view.sourceType);
  const { database, schema } = naming.place(table, view);
  const path = schema === null ? [database, table.name] : [database, schema, table.name];
  return {
    guid: guidOf({
      sourceType: view.sourceType,
      instance: view.instance,
      kind: 'table',
      database,
      schema,
      table: table.name,
    }),
    own: naming.own.has(schema ?? database),
    namespace: `${naming.scheme}://${view.instance}`,
    name: path.join('.'),
  };
}
