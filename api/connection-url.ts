import { ConnectorError, type ConnectorSpec } from '../connectors/contract.js';
import { connectorSpec, connectorSpecs } from '../connectors/registry.js';
import { Problem } from './problems.js';

/** A connection URL taken apart. The URL itself goes no further: it may hold a password. */
export interface ConnectionParts {
  spec: ConnectorSpec;
  config: Record<string, unknown>;
  secrets: Record<string, string>;
}

/**
 * Takes a connection URL apart by its scheme.
 * @param type the source type wanted, if any; it must take such URLs
 * @throws Problem UNKNOWN_SOURCE_TYPE or INVALID_URL; neither repeats the URL
 */
export function readConnectionUrl(url: string, type?: string): ConnectionParts {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  const spec =
    type === undefined
      ? connectorSpecs.find((candidate) => scheme !== undefined && candidate.urlSchemes.includes(scheme))
      : sourceType(type);
  if (spec === undefined || scheme === undefined || !spec.urlSchemes.includes(scheme)) throw unknownScheme(spec);
  try {
    const { config, secrets } = spec.parseUrl(url);
    return { spec, config, secrets };
  } catch (error) {
    if (error instanceof ConnectorError) throw new Problem(error.code, error.message, { remedy: error.remedy });
    throw new Problem('INVALID_URL', 'Some part of the connection URL is not valid.', {
      remedy: `Write it as ${scheme}://user:password@host:${spec.defaultPort}/database, with special characters percent-encoded.`,
    });
  }
}

/** @throws Problem UNKNOWN_SOURCE_TYPE naming those there are */
export function sourceType(type: string): ConnectorSpec {
  const spec = connectorSpec(type);
  if (spec !== undefined) return spec;
  throw new Problem('UNKNOWN_SOURCE_TYPE', `There is no connector for sources of type ${type}.`, {
    remedy: `Choose one of ${connectorSpecs.map((known) => known.type).join(', ')}.`,
  });
}

function unknownScheme(spec: ConnectorSpec | undefined): Problem {
  const schemes = (spec === undefined ? connectorSpecs : [spec]).flatMap((known) => known.urlSchemes);
  return new Problem('INVALID_URL', 'The connection URL starts with a scheme that is not known here.', {
    remedy: `Start it with one of ${schemes.map((scheme) => `${scheme}://`).join(', ')}.`,
  });
}
