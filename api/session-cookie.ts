import type { CookieOptions, Request, Response } from 'express';
import type { ApiConfig } from './config.js';

/**
 * The cookie's name. Browsers share cookies between the ports of a host, so the port is part of it: two installations
 * on one machine would sign each other's people out. `__Host-` makes a browser refuse one set by a sibling domain.
 */
export function cookieName(config: ApiConfig): string {
  const { protocol, port } = config.publicUrl;
  return `${protocol === 'https:' ? '__Host-' : ''}datamap_session${port === '' ? '' : `_${port}`}`;
}

/** The session's secret that the browser sent, if any. */
export function readSessionCookie(config: ApiConfig, request: Request): string | undefined {
  const name = cookieName(config);
  for (const pair of (request.get('cookie') ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

export function setSessionCookie(config: ApiConfig, response: Response, secret: string, expiresAt: Date): void {
  response.cookie(cookieName(config), secret, { ...options(config), expires: expiresAt });
}

export function clearSessionCookie(config: ApiConfig, response: Response): void {
  response.clearCookie(cookieName(config), options(config));
}

function options(config: ApiConfig): CookieOptions {
  return { httpOnly: true, sameSite: 'lax', secure: config.publicUrl.protocol === 'https:', path: '/' };
}
