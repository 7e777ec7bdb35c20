import type { Request } from 'express';
import type { ApiConfig } from './config.js';
import { Problem } from './problems.js';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses a changing request that a foreign page may have sent with a person's cookie. One passes when its Origin is
 * ours, or when it carries X-Datamap-CSRF: a foreign page cannot add a header without asking us first, and we never
 * agree. Bearer tokens are not sent by themselves, so requests with one need neither.
 * @throws Problem CROSS_SITE_REQUEST
 */
export function refuseCrossSite(config: ApiConfig, request: Request): void {
  if (SAFE.has(request.method)) return;
  if (request.get('x-datamap-csrf') !== undefined) return;
  const origin = request.get('origin');
  if (origin !== undefined && ours(config, request).includes(origin)) return;
  throw new Problem('CROSS_SITE_REQUEST', 'This request changes something and does not show that it comes from us.', {
    remedy:
      'Send it from the console, with the header X-Datamap-CSRF: 1, or with a bearer token instead of the cookie.',
  });
}

/** Refuses a sign-in that a foreign page sends: it would sign the victim in as somebody else. */
export function refuseForeignOrigin(config: ApiConfig, request: Request): void {
  const origin = request.get('origin');
  if (origin === undefined || ours(config, request).includes(origin)) return;
  throw new Problem('CROSS_SITE_REQUEST', 'People sign in from our own pages only.', {
    remedy: `Open ${config.publicUrl.origin}/login.`,
  });
}

/** The public address, and the one the request itself was sent to: they differ when a port is forwarded. */
function ours(config: ApiConfig, request: Request): string[] {
  return [config.publicUrl.origin, `${request.protocol}://${request.get('host')}`];
}
