/** Whether the name is of PostgreSQL's own catalogue, where names without a schema are looked for first. */
export function isOwn({ schema, name }: { schema?: string | undefined; name: string }): boolean {
  if (schema === undefined) return name.startsWith('pg_');
  return schema === 'information_schema' || schema.startsWith('pg_');
}
