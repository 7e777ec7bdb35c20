import { createHash } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, type RateLimitInfo, rateLimit } from 'express-rate-limit';
import { Problem } from './problems.js';

const WINDOW_MS = 15 * 60_000;
/** Failed attempts within the window. An office behind one address has many people; an account has one. */
export const ATTEMPTS = { address: 50, account: 10 } as const;

/**
 * Limits failed sign-ins by address and by account. Counted in this process: with several API processes the limit is
 * that many times higher, which still stops guessing.
 * @returns a guard that throws Problem TOO_MANY_ATTEMPTS with Retry-After
 */
export function loginLimits(): (request: Request, response: Response) => Promise<void> {
  const limiters = [
    limiter(ATTEMPTS.address, (request) => ipKeyGenerator(request.ip ?? '')),
    limiter(ATTEMPTS.account, accountKey),
  ];
  return async (request, response) => {
    for (const limit of limiters) await run(limit, request, response);
  };
}

function limiter(limit: number, keyGenerator: (request: Request) => string): RequestHandler {
  return rateLimit({
    windowMs: WINDOW_MS,
    limit,
    keyGenerator,
    skipSuccessfulRequests: true,
    standardHeaders: false,
    legacyHeaders: false,
    // Anybody may send X-Forwarded-For; where no proxy is trusted it is not read, and no reason to fill the log.
    validate: { xForwardedForHeader: false },
    handler: (request, _response, next) => next(tooMany(request)),
  });
}

/** A digest, so that what people type into the field, a password at times, is not kept. */
function accountKey(request: Request): string {
  const { email } = (request.body ?? {}) as { email?: unknown };
  const account = typeof email === 'string' ? email.trim().toLowerCase() : ipKeyGenerator(request.ip ?? '');
  return createHash('sha256').update(account).digest('base64');
}

function tooMany(request: Request): Problem {
  const { resetTime } = (request as Request & { rateLimit?: RateLimitInfo }).rateLimit ?? {};
  const seconds = Math.max(1, Math.ceil(((resetTime?.getTime() ?? Date.now() + WINDOW_MS) - Date.now()) / 1000));
  return new Problem('TOO_MANY_ATTEMPTS', 'There were too many failed attempts to sign in.', {
    remedy: `Wait ${Math.ceil(seconds / 60)} minutes, or ask an admin for a login link.`,
    headers: { 'Retry-After': String(seconds) },
  });
}

async function run(handler: RequestHandler, request: Request, response: Response): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    handler(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
  });
}
