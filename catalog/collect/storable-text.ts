/** Half of a surrogate pair: under the `u` flag a whole pair is one other character. */
const LONE_SURROGATE = /\p{Surrogate}/gu;
/** What stands for a character that PostgreSQL cannot store: visible, so that nobody takes the text for the original. */
const REPLACEMENT = '\ufffd';

/**
 * PostgreSQL's text holds no NUL and its jsonb no half of a surrogate pair, while sources such as MySQL deliver both
 * in comments. Replaces them in every string and property name within plain data.
 */
export function storable<T>(value: T): T {
  if (typeof value === 'string') return storableText(value) as T;
  if (Array.isArray(value)) return value.map(storable) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [storableText(name), storable(inner)])) as T;
}

function storableText(text: string): string {
  return text.replaceAll('\0', REPLACEMENT).replace(LONE_SURROGATE, REPLACEMENT);
}

/** Whether JSON text may hold what `storable` replaces. False alarms are possible, misses are not. */
export function mayBeUnstorable(json: string): boolean {
  return json.includes('\\u0000') || json.includes('\\ud');
}
