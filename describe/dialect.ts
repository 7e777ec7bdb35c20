/** How an endpoint takes what endpoints differ in. Found out by asking, and kept. */
export interface Dialect {
  /** `json_schema` where it is not known better. */
  format?: 'json_schema' | 'json_object' | 'text';
  /** Older servers know only the first name, newer models only the second. */
  tokens?: 'max_tokens' | 'max_completion_tokens';
}

/** The part of a request that asks for JSON. */
export function formatOf({ format }: Dialect, schema: object): object {
  if (format === 'text') return {};
  if (format === 'json_object') return { response_format: { type: 'json_object' } };
  return { response_format: { type: 'json_schema', json_schema: { name: 'descriptions', strict: true, schema } } };
}

/** What to try next where a request was not understood; undefined where asking otherwise would not help. */
export function plainer(dialect: Dialect, { status, text }: { status: number; text: string }): Dialect | undefined {
  if (status !== 400 && status !== 422 && status !== 501) return undefined;
  if (/context_length|maximum context|context window|too many tokens/i.test(text)) return undefined;
  if (/max_tokens|max_completion_tokens/.test(text) && dialect.tokens === undefined)
    return { ...dialect, tokens: 'max_completion_tokens' };
  const format = dialect.format ?? 'json_schema';
  if (format === 'text') return undefined;
  return { ...dialect, format: format === 'json_schema' ? 'json_object' : 'text' };
}
