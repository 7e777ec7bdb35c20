import type { PreviewCell } from './contract.js';

/**
 * A value as a preview shows it. The source was asked for one character more than is shown, which tells whether a value
 * goes on.
 * @param binary then the value is a size in bytes
 */
export function previewCell(value: unknown, binary: boolean, valueLength: number): PreviewCell {
  if (value === null || value === undefined) return { text: null };
  if (binary) return { text: null, bytes: Number(value) };
  const text = Buffer.isBuffer(value) ? value.toString('utf8') : String(value);
  if (text.length <= valueLength) return { text };
  // By characters and not by UTF-16 units, as sources count.
  const shown = Array.from(text).slice(0, valueLength).join('');
  return shown === text ? { text } : { text: shown, cut: true };
}
