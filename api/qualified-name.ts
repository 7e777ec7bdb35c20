/** A database, schema or table as people write it: `database.schema.table`, without the places its source has not. */
export function qualifiedName(entity: { kind: string; database: string; schema: string | null; name: string }): string {
  if (entity.kind === 'database') return entity.name;
  const places =
    entity.kind === 'schema' ? [entity.database, entity.name] : [entity.database, entity.schema, entity.name];
  return places.filter((place) => place !== null).join('.');
}
