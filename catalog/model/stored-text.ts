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
