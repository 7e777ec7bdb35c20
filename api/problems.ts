import { STATUS_CODES } from 'node:http';
import { z } from 'zod';

/** The HTTP status of every code the API answers with. A code that is not listed is a fault of ours: 500. */
const STATUS_OF: Record<string, number> = {
  MALFORMED_JSON: 400,
  MALFORMED_REQUEST: 400,
  INVALID_REQUEST: 400,
  INVALID_CURSOR: 400,
  EDGE_TO_ITSELF: 400,
  WORKSPACE_NOT_NAMED: 400,
  INVALID_INPUT: 400,
  INVALID_CONFIG: 400,
  INVALID_URL: 400,
  WEBHOOK_URL_REFUSED: 400,
  MODEL_URL_REFUSED: 400,
  KEY_OF_OTHER_ADDRESS: 400,
  UNKNOWN_SOURCE_TYPE: 400,
  PASSWORD_REFUSED: 400,
  NOT_SIGNED_IN: 401,
  SIGN_IN_FAILED: 401,
  LOGIN_LINK_INVALID: 401,
  FORBIDDEN: 403,
  CROSS_SITE_REQUEST: 403,
  NOT_FOUND: 404,
  UNKNOWN_ROUTE: 404,
  METHOD_NOT_ALLOWED: 405,
  NAME_TAKEN: 409,
  NO_DDL: 409,
  SOURCE_IN_USE: 409,
  GROUP_IN_USE: 409,
  WORKSPACE_IN_USE: 409,
  INSTANCE_FIXED: 409,
  GROUP_UNKNOWN: 400,
  COLUMN_UNKNOWN: 400,
  OWNER_UNKNOWN: 400,
  RUN_OPEN: 409,
  NO_OPEN_RUN: 409,
  QUIET_HOURS: 409,
  NOT_STOPPING: 409,
  FORCE_STOP_TOO_EARLY: 409,
  NOTHING_TO_RETRY: 409,
  NOTHING_TO_REVERT: 409,
  PLAN_NOT_OPEN: 409,
  RESOURCE_GROUP_WITHOUT_WORKER: 409,
  DATABASE_TAKEN: 409,
  CRAWLER_DELETING: 409,
  CRAWLER_GONE: 409,
  CYCLE_NEEDS_PRODUCTION: 409,
  NO_QUERY_HISTORY: 409,
  LAST_ADMIN: 409,
  SECRET_UNAVAILABLE: 409,
  TEST_ENDED: 409,
  HOLD_DECIDED: 409,
  NOT_REMOVED: 409,
  WEBHOOK_OFF: 409,
  MODEL_NOT_CONFIGURED: 409,
  AI_DESCRIPTIONS_OFF: 409,
  SUGGESTION_NOT_OPEN: 409,
  SUGGESTION_STALE: 409,
  DESCRIBED_BY_PERSON: 409,
  PLACE_TAKEN: 409,
  DATABASE_BUSY: 409,
  NOT_A_TABLE: 409,
  TABLE_REMOVED: 409,
  COLLECTION_FULL: 409,
  LAST_OWNER: 409,
  OWNER_NOT_MEMBER: 409,
  PRIVATE_NOT_OFFICIAL: 409,
  REQUEST_IN_PROGRESS: 409,
  VERSION_CONFLICT: 412,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  IDEMPOTENCY_KEY_REUSED: 422,
  PRECONDITION_REQUIRED: 428,
  TOO_MANY_ATTEMPTS: 429,
  TOO_MANY_STREAMS: 429,
  INTERNAL: 500,
  LISTING_FAILED: 502,
  DATABASE_UNAVAILABLE: 503,
  TEMPORAL_UNAVAILABLE: 503,
  SEARCH_UNAVAILABLE: 503,
  LISTING_TIMEOUT: 504,
};

/** The part of the installation that a 503 is about. */
const PART_OF: Record<string, string> = {
  DATABASE_UNAVAILABLE: 'database',
  TEMPORAL_UNAVAILABLE: 'temporal',
  SEARCH_UNAVAILABLE: 'search',
};

/** One thing wrong with a request: where, and what. */
export const invalidFieldSchema = z
  .object({ in: z.enum(['path', 'query', 'body', 'header']), path: z.string(), message: z.string() })
  .meta({ id: 'InvalidField' });

/** The body of every answer that is not a success (RFC 9457). Codes may add fields of their own, such as `run`. */
export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'Stable, for programs.' }),
    detail: z.string().meta({ description: 'The cause, for people.' }),
    remedy: z.string().optional().meta({ description: 'What to do about it.' }),
    requestId: z.string().meta({ description: 'Names this request in the server log.' }),
    errors: z.array(invalidFieldSchema).optional(),
  })
  .meta({ id: 'Problem' });

export type InvalidField = z.infer<typeof invalidFieldSchema>;

/** A refusal that the API itself words. Rooms below throw their own typed errors; `toProblem` maps both. */
export class Problem extends Error {
  readonly code: string;
  readonly remedy: string | undefined;
  readonly errors: readonly InvalidField[] | undefined;
  /** Fields of the code's own, e.g. the open run of RUN_OPEN. */
  readonly extra: Record<string, unknown>;
  readonly headers: Record<string, string>;

  constructor(
    code: string,
    detail: string,
    options: {
      remedy?: string;
      errors?: readonly InvalidField[];
      extra?: Record<string, unknown>;
      headers?: Record<string, string>;
    } = {},
  ) {
    super(detail);
    this.name = 'Problem';
    this.code = code;
    this.remedy = options.remedy;
    this.errors = options.errors;
    this.extra = options.extra ?? {};
    this.headers = options.headers ?? {};
  }
}

/** The same words for "there is none" and "you may not see it": an id of another workspace tells nothing. */
export function notFound(what: string): Problem {
  return new Problem('NOT_FOUND', `There is no such ${what}, or you may not see it.`, {
    remedy: 'Check the id. If somebody gave you this link, ask an admin of its workspace to add you.',
  });
}

export interface ProblemAnswer {
  status: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
  /** True where our own log must have the whole error. */
  unexpected: boolean;
}

/** Turns whatever was thrown into an answer. What is not known to be fit for people is not shown to them. */
export function toProblem(error: unknown, requestId: string): ProblemAnswer {
  const problem = asProblem(error);
  const status = STATUS_OF[problem.code] ?? 500;
  const part = PART_OF[problem.code];
  return {
    status,
    headers: { ...(status === 503 ? { 'Retry-After': '5' } : {}), ...problem.headers },
    body: {
      type: 'about:blank',
      title: STATUS_CODES[status] ?? 'Error',
      status,
      code: problem.code,
      detail: problem.message,
      ...(problem.remedy === undefined ? {} : { remedy: problem.remedy }),
      requestId,
      ...(problem.errors === undefined ? {} : { errors: problem.errors }),
      ...(part === undefined ? {} : { part }),
      ...problem.extra,
    },
    unexpected: status === 500 || status === 503,
  };
}

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isTyped(error)) {
    const { code, message, remedy } = error;
    return new Problem(code, message, {
      ...(remedy === undefined ? {} : { remedy }),
      ...('currentVersion' in error ? { extra: { currentVersion: error.currentVersion } } : {}),
      ...('issues' in error ? { errors: bodyErrors(error.issues) } : {}),
    });
  }
  return ofBodyParser(error) ?? ofPostgres(error) ?? INTERNAL;
}

const INTERNAL = new Problem('INTERNAL', 'Something went wrong on our side.', {
  remedy: 'Try again. If it stays, give the request id to whoever runs this installation: the log has the cause.',
});

/** An error of one of our rooms: a code of the table above, a message for people and mostly a remedy. */
function isTyped(error: unknown): error is { code: string; message: string; remedy?: string } {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code in STATUS_OF &&
    (!('remedy' in error) || error.remedy === undefined || typeof error.remedy === 'string')
  );
}

/** The fields that a room below found wrong; what they check came from a body. */
function bodyErrors(issues: unknown): InvalidField[] {
  const parsed = z.array(z.object({ path: z.string(), message: z.string() })).safeParse(issues);
  return (parsed.data ?? []).map((issue) => ({ in: 'body', ...issue }));
}

/** What express and its body parser throw (`http-errors`, told apart by `type`). */
function ofBodyParser(error: unknown): Problem | undefined {
  if (error instanceof URIError)
    return new Problem('MALFORMED_REQUEST', 'The path is not valid percent-encoding.', {
      remedy: 'Write a % in a path as %25, and other characters as the bytes of their UTF-8.',
    });
  if (!isRecord(error) || typeof error.type !== 'string' || typeof error.status !== 'number') return undefined;
  switch (error.type) {
    case 'entity.parse.failed':
      return new Problem('MALFORMED_JSON', 'The body is not valid JSON.', { remedy: 'Send one JSON object.' });
    case 'entity.too.large':
      return new Problem('BODY_TOO_LARGE', `The body is larger than ${String(error.limit)} bytes.`, {
        remedy: 'Send less at a time.',
      });
    case 'charset.unsupported':
    case 'encoding.unsupported':
      return new Problem('UNSUPPORTED_MEDIA_TYPE', 'The body has a charset or encoding that is not read here.', {
        remedy: 'Send application/json in UTF-8.',
      });
    default:
      return error.status < 500 ? new Problem('MALFORMED_REQUEST', 'The request could not be read.') : undefined;
  }
}

const CONNECTION_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE']);

/**
 * Errors of the catalog's database. The other parts wrap theirs, so a bare connection error can only be this one.
 * SQLSTATE classes: 08 connection, 57P0x shutdown and start-up, 53300 too many connections, 22021 and 22P05 a
 * character that PostgreSQL does not store (U+0000).
 */
function ofPostgres(error: unknown): Problem | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === '22021' || code === '22P05')
    return new Problem('INVALID_REQUEST', 'A text holds the character U+0000, which cannot be stored.', {
      remedy: 'Leave that character out.',
    });
  const down =
    CONNECTION_CODES.has(code) ||
    /^(08|57P0)/.test(code) ||
    code === '53300' ||
    error.name === 'KnexTimeoutError' ||
    /^(Connection terminated|Client has encountered a connection error)/.test(error.message);
  if (!down) return undefined;
  return new Problem('DATABASE_UNAVAILABLE', 'The catalog database cannot be reached.', {
    remedy: 'Check that PostgreSQL runs and that DATABASE_URL names it. The API recovers by itself.',
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
