/**
 * Text that PostgreSQL accepts and a page stays readable with: without NUL and lone halves of surrogate pairs, and
 * cut at so many bytes of UTF-8, between characters, with a mark where it was cut.
 */
export function storedText(text: string, maxBytes: number): string {
  const clean = text.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\uFFFD');
  if (clean.length * 3 <= maxBytes || Buffer.byteLength(clean) <= maxBytes) return clean;
  const mark = ' [cut]';
  const bytes = Buffer.from(clean.slice(0, maxBytes));
  let end = maxBytes - mark.length;
  // 10xxxxxx bytes continue a character: step back to where one starts.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString('utf8') + mark;
}

/** JSON that PostgreSQL accepts as jsonb, of any value that JSON can hold: its strings and keys as `storedText`. */
export function storedJson(value: unknown, maxBytesOfText = 65_536): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === 'string') return storedText(item, maxBytesOfText);
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).map(([key, part]) => [storedText(key, 1_000), part]));
  });
}
