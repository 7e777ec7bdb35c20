import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { expect } from 'vitest';
import { openApiDocument } from '../../api/openapi.js';
import { allRoutes } from '../../api/routes/index.js';

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** Parsed where it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers that are checked against their schema.
  body: any;
}

export const document = openApiDocument(allRoutes());

interface Operation {
  responses: Record<string, { content?: Record<string, { schema?: unknown }> }>;
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajvFormats.default(ajv);
ajv.addSchema(document, 'api');
const compiled = new Map<string, ValidateFunction>();

/**
 * Fails the test when an answer is not what the OpenAPI document says: its status, its media type, its body. Every
 * refusal is a problem with a request id, and never shows where in the code it came from.
 */
export function checkAnswer(method: string, path: string, answer: Answer): void {
  const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const where = `${method} ${path} answered ${answer.status}`;
  if (answer.status >= 400) {
    expect(type, where).toBe('application/problem+json');
    expect(answer.body, where).toMatchObject({ status: answer.status, code: expect.stringMatching(/^[A-Z_]+$/) });
    expect(answer.body.requestId, where).toBe(answer.headers.get('x-request-id'));
    expect(answer.text, where).not.toMatch(/node_modules|\bat .*\.[jt]s:\d|stack/);
  }
  const found = operationAt(method, path);
  if (found === undefined) return;
  const declared = found.operation.responses[String(answer.status)];
  // These can come of any request: they are not repeated at each operation.
  if (declared === undefined && [405, 413, 415, 500, 502, 504].includes(answer.status)) return;
  expect(declared, `${where}, which ${found.template} does not declare`).toBeDefined();
  if (declared?.content === undefined) {
    expect(answer.text, where).toBe('');
    return;
  }
  expect(Object.keys(declared.content), where).toContain(type);
  if (!/json/.test(type)) return;
  const pointer = [
    'paths',
    found.template,
    method.toLowerCase(),
    'responses',
    String(answer.status),
    'content',
    type,
    'schema',
  ];
  const validate = validator(pointer);
  expect(validate(answer.body) ? [] : validate.errors, `${where}: ${answer.text.slice(0, 500)}`).toEqual([]);
}

/** The operation that a path without its query belongs to. */
export function operationAt(method: string, path: string): { template: string; operation: Operation } | undefined {
  const segments = `/api/v1${path.split('?', 1)[0]}`.split('/');
  const fits = (template: string) => {
    const wanted = template.split('/');
    return (
      wanted.length === segments.length && wanted.every((part, at) => part.startsWith('{') || part === segments[at])
    );
  };
  const templates = Object.keys(document.paths ?? {}).filter(fits);
  // `/versions/diff` is also of the form `/versions/{version}`.
  const template = templates.sort((a, b) => a.split('{').length - b.split('{').length)[0];
  if (template === undefined) return undefined;
  const operation = (document.paths?.[template] as Record<string, Operation> | undefined)?.[method.toLowerCase()];
  return operation === undefined ? undefined : { template, operation };
}

function validator(pointer: readonly string[]): ValidateFunction {
  const key = pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const made = ajv.compile({ $ref: `api#/${key}` });
  compiled.set(key, made);
  return made;
}

/** What the record of deeds calls what a request does; undefined where it is a deed of none. */
export function deedOf(method: string, path: string): string | undefined {
  const template = operationAt(method, path)?.template.slice('/api/v1'.length);
  return allRoutes().find(
    (route) => route.method === method.toLowerCase() && route.path.replace(/:(\w+)/g, '{$1}') === template,
  )?.audit;
}
