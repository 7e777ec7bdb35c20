import fc from 'fast-check';
import { expect, test } from 'vitest';
import { storedJson, storedText } from '../../../catalog/model/stored-text.js';

const anyText = fc.string({ unit: 'binary', maxLength: 200 });

test('stored text has at most so many bytes, and is whole characters without NUL', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 10, max: 300 }), (text, bytes) => {
      const stored = storedText(text, bytes);
      expect(Buffer.byteLength(stored)).toBeLessThanOrEqual(bytes);
      expect(stored).not.toContain('\0');
      expect(Buffer.from(stored).toString()).toBe(stored);
    }),
  );
});

test('text that fits stays as it is, and text that does not says so', () => {
  expect(storedText('Müller 表', 100)).toBe('Müller 表');
  expect(storedText('abcdefghijklmnop', 12)).toBe('abcdef [cut]');
  expect(storedText('表表表表', 11)).toBe('表 [cut]');
});

test('stored JSON is JSON of the same shape, with backslashes kept', () => {
  expect(JSON.parse(storedJson({ 'a\0': ['x\0y', 'literal \\u0000', 1, null, true] }))).toEqual({
    a: ['xy', 'literal \\u0000', 1, null, true],
  });
});
