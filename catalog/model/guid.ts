/** The places of a guid, outermost first; a place the source does not have is null or left out. */
export interface GuidPlaces {
  sourceType: string;
  kind: 'database' | 'schema' | 'table';
  instance: string;
  catalog?: string | null;
  database: string;
  schema?: string | null;
  table?: string | null;
}

/**
 * The identity of an entity as text: `<source>-<kind>:instance:catalog:database:schema:table`, each place
 * percent-encoded, empty places kept between filled ones and dropped at the end. It is the scheme DataWorks uses
 * for its own entities, e.g. `postgresql-table:db.example%3A5432::shop:public:orders`.
 */
export function guidOf(places: GuidPlaces): string {
  const segments = [places.instance, places.catalog, places.database, places.schema, places.table].map((place) =>
    encodeURIComponent(place ?? ''),
  );
  while (segments.length > 0 && segments.at(-1) === '') segments.pop();
  return `${places.sourceType}-${places.kind}:${segments.join(':')}`;
}

/** The guids of many tables of one database: of the places that they share each is encoded once. */
export function guidsOfTables(
  database: Omit<GuidPlaces, 'kind' | 'schema' | 'table'>,
): (schema: string | null, table: string) => string {
  const heads = new Map<string | null, string>();
  return (schema, table) => {
    let head = heads.get(schema);
    if (head === undefined) {
      // With a table of one letter, since empty places are dropped at the end.
      head = guidOf({ ...database, kind: 'table', schema, table: 't' }).slice(0, -1);
      heads.set(schema, head);
    }
    return head + encodeURIComponent(table);
  };
}

/** Where a guid stands within its database, and what its own entity is called. */
export function placesOf(guid: string): { schema: string | null; name: string } {
  const [head = '', , , ...inner] = guid.split(':');
  const [database = '', schema = '', table = ''] = inner.map(decodeURIComponent);
  if (head.endsWith('-database')) return { schema: null, name: database };
  if (head.endsWith('-schema')) return { schema, name: schema };
  return { schema: schema === '' ? null : schema, name: table };
}
