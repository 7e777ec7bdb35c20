/** Properties in the order of their names, as they are stored and hashed. */
export function propertiesForm(properties: Record<string, string>): Record<string, string> {
  const names = Object.keys(properties);
  if (names.length < 2) return properties;
  return Object.fromEntries(names.sort().map((name) => [name, properties[name] ?? '']));
}
