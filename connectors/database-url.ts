import type { z } from 'zod';
import { ConnectorError, type ConnectorSpec, type SourceConfig } from './contract.js';

/** How a source type writes its connection URLs. */
export interface DatabaseUrlForm {
  /** An example with every part, shown where a URL is not understood. */
  example: string;
  /** The query parameter that says how TLS is used, and what its values are called in the config. */
  tls: { parameter: string; modes: Readonly<Record<string, string>> };
  configSchema: z.ZodType<SourceConfig>;
}

/**
 * Takes `scheme://user:password@host:port/database?parameters` apart.
 * @throws ConnectorError INVALID_URL; it never repeats the URL, which may hold a password
 */
export function parseDatabaseUrl(text: string, form: DatabaseUrlForm): ReturnType<ConnectorSpec['parseUrl']> {
  const refuse = (message: string) => new ConnectorError('INVALID_URL', message, `Write it as ${form.example}`);
  if (!URL.canParse(text)) throw refuse('This is not a connection URL');
  const url = new URL(text);
  const mode = url.searchParams.get(form.tls.parameter);
  const tls = mode === null ? undefined : form.tls.modes[mode.toLowerCase()];
  if (mode !== null && tls === undefined) throw refuse(`${form.tls.parameter}=${mode} is not a mode that is known`);
  const [user, password, database] = decoded(url, refuse);
  if (url.hostname === '' || user === '') throw refuse('The connection URL names no host or no user');
  const config = form.configSchema.safeParse({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(database === '' ? {} : { database }),
    user,
    ...(tls === undefined ? {} : { tls }),
  });
  if (!config.success) {
    const [issue] = config.error.issues;
    throw refuse(`The ${issue?.path.join('.')} of the connection URL is not valid: ${issue?.message}`);
  }
  return {
    config: config.data,
    secrets: password === '' ? {} : { password },
    ...(database === '' ? {} : { database }),
  };
}

function decoded(url: URL, refuse: (message: string) => ConnectorError): [string, string, string] {
  try {
    return [url.username, url.password, url.pathname.slice(1)].map(decodeURIComponent) as [string, string, string];
  } catch {
    throw refuse('A % in the connection URL is not followed by two hexadecimal digits; a plain one is written %25');
  }
}
