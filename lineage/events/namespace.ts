/** One scheme for the same kind of server, and the port that it has when none is named. */
const SERVERS: Record<string, { scheme: string; port: string }> = {
  postgres: { scheme: 'postgres', port: '5432' },
  postgresql: { scheme: 'postgres', port: '5432' },
  mysql: { scheme: 'mysql', port: '3306' },
  mariadb: { scheme: 'mysql', port: '3306' },
};

/** The scheme of the namespaces of a source type, after OpenLineage's "Naming" page; those of other types are not known. */
export const SCHEMES: Record<string, string> = { postgresql: 'postgres', mysql: 'mysql' };

/**
 * A namespace in one spelling, so that emitters which write it differently mean the same: a server's scheme and host in
 * small letters and with its port, nothing of a login, no slash at the end. What is no URL stays as it is.
 */
export function canonicalNamespace(namespace: string): string {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)/i.exec(namespace.trim());
  if (parts === null) return namespace.trim();
  const [, scheme = '', authority = '', path = ''] = parts;
  // A login has a colon; what stands before an @ without one is the container of an Azure store.
  const host = authority.replace(/^[^@]*:[^@]*@/, '');
  const rest = path.replace(/\/+$/, '');
  const server = SERVERS[scheme.toLowerCase()];
  if (server === undefined) return `${scheme.toLowerCase()}://${host}${rest}`;
  const named = host.replace(/^[^@]*@/, '').toLowerCase();
  const withPort = /:\d+$/.test(named) ? named : `${named}:${server.port}`;
  return `${server.scheme}://${withPort}${rest}`;
}
