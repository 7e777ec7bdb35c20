import { z } from 'zod';

/** Operations of one document. */
export const MOST_OPERATIONS = 5_000;

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'] as const;

const text = z.string().max(50_000).nullish();
/** In bytes, so that a path with its method fits into an entry of an index. */
const LONGEST_PATH = 1_500;
const operation = z.looseObject({
  operationId: z.string().max(500).nullish(),
  summary: text,
  description: text,
  tags: z.array(z.string().max(500)).max(100).nullish(),
  deprecated: z.boolean().nullish(),
});
const pathItem = z.looseObject({
  summary: text,
  description: text,
  ...Object.fromEntries(METHODS.map((method) => [method, operation.nullish()])),
} as { summary: typeof text; description: typeof text } & Record<
  (typeof METHODS)[number],
  z.ZodOptional<z.ZodNullable<typeof operation>>
>);

/**
 * A description of an HTTP API: OpenAPI 3.0 to 3.2 (https://spec.openapis.org/oas/), or Swagger 2.0. What is not read here may be anything, and
 * is kept.
 */
export const openApiDocumentShape = z
  .looseObject({
    openapi: z
      .string()
      .regex(/^3\.[0-2]\.\d+/, { error: 'must be a version 3.0, 3.1 or 3.2, e.g. 3.1.0' })
      .optional(),
    swagger: z.literal('2.0', { error: 'must be 2.0; later versions name themselves in `openapi`' }).optional(),
    info: z.looseObject({ title: z.string().min(1).max(500), version: z.string().min(1).max(200), description: text }),
    servers: z
      .array(z.looseObject({ url: z.string().max(2_000) }))
      .max(100)
      .nullish(),
    host: z.string().max(500).nullish(),
    basePath: z.string().max(500).nullish(),
    schemes: z.array(z.string().max(20)).max(10).nullish(),
    paths: z.record(z.string(), pathItem.nullable()).nullish(),
  })
  .superRefine((document, context) => {
    const issue = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (document.openapi === undefined && document.swagger === undefined)
      issue(['openapi'], 'is missing: a document says which version of OpenAPI it follows, e.g. "openapi": "3.1.0"');
    const ids = new Map<string, string>();
    let operations = 0;
    for (const [path, item] of Object.entries(document.paths ?? {})) {
      if (path.startsWith('x-')) continue;
      if (!path.startsWith('/')) issue(['paths', path], 'must begin with a slash');
      if (/\p{Cc}/u.test(path)) issue(['paths', path], 'must have no control characters');
      if (Buffer.byteLength(path) > LONGEST_PATH)
        issue(['paths'], `has a path of more than ${LONGEST_PATH} bytes: ${path.slice(0, 50)}…`);
      for (const method of METHODS) {
        const id = item?.[method]?.operationId;
        if (item?.[method] != null) operations += 1;
        if (id == null) continue;
        const before = ids.get(id);
        if (before === undefined) ids.set(id, `${method.toUpperCase()} ${path}`);
        else issue(['paths', path, method, 'operationId'], `is that of ${before} too: an operation's id is unique`);
      }
    }
    if (operations === 0) issue(['paths'], 'has no operation: nothing would be found of it');
    if (operations > MOST_OPERATIONS)
      issue(['paths'], `has ${operations} operations; at most ${MOST_OPERATIONS} are taken`);
  });

export type OpenApiDocument = z.output<typeof openApiDocumentShape>;

/** One thing that an API does. */
export interface ApiOperation {
  /** Upper case. */
  method: string;
  path: string;
  operationId: string | null;
  summary: string | null;
  description: string | null;
  tags: string[];
  deprecated: boolean;
}

/** The operations of a document in its order. A path that only refers to another document has none. */
export function operationsOf({ paths }: OpenApiDocument): ApiOperation[] {
  return Object.entries(paths ?? {}).flatMap(([path, item]) =>
    path.startsWith('/')
      ? METHODS.flatMap((method) => {
          const told = item?.[method];
          if (told == null) return [];
          return {
            method: method.toUpperCase(),
            path,
            operationId: told.operationId ?? null,
            summary: told.summary ?? item?.summary ?? null,
            description: told.description ?? item?.description ?? null,
            tags: told.tags ?? [],
            deprecated: told.deprecated ?? false,
          };
        })
      : [],
  );
}

/** Where the API answers, as far as the document says. */
export function serversOf({ servers, host, basePath, schemes }: OpenApiDocument): string[] {
  if (servers != null) return servers.map(({ url }) => url);
  if (host == null) return basePath == null ? [] : [basePath];
  return (schemes == null || schemes.length === 0 ? ['https'] : schemes).map(
    (scheme) => `${scheme}://${host}${basePath ?? ''}`,
  );
}
