import { connectorSpecs } from '../../connectors/registry.js';
import { UsageError } from '../errors.js';

/** A connection URL, taken apart. The secrets are never shown again. */
export interface CrawlTarget {
  type: string;
  config: Record<string, unknown> & { host: string; port: number };
  secrets: Record<string, string>;
  /** The database the URL names. */
  database: string | undefined;
  /** The URL without its password, for messages. */
  shown: string;
}

/**
 * Takes a connection URL apart by the rules of its source type.
 * @throws UsageError; the message never holds the password
 */
export function parseTarget(text: string): CrawlTarget {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  const spec = connectorSpecs.find((candidate) => scheme !== undefined && candidate.urlSchemes.includes(scheme));
  if (spec === undefined)
    throw new UsageError(
      scheme === undefined ? 'This is not a connection URL.' : `Datamap has no connector for ${scheme}:// addresses.`,
      `Write it as ${connectorSpecs.map((known) => `${known.urlSchemes[0]}://user@host/database`).join(' or ')}.`,
    );
  try {
    const { config, secrets, database } = spec.parseUrl(text);
    return { type: spec.type, config, secrets, database, shown: withoutPassword(text) };
  } catch (error) {
    const remedy = error instanceof Error && 'remedy' in error ? String(error.remedy) : undefined;
    throw new UsageError(error instanceof Error ? `${error.message}.` : 'This is not a connection URL.', remedy);
  }
}

function withoutPassword(text: string): string {
  const url = new URL(text);
  url.password = '';
  for (const name of [...url.searchParams.keys()])
    if (/pass|pwd|secret|token/i.test(name)) url.searchParams.delete(name);
  return url.href;
}
