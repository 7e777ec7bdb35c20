import { expect, test } from 'vitest';
import { copyChunks } from '../../catalog/collect/copy-text.js';
import { StagedLines } from '../../catalog/collect/staged-lines.js';

test('each line of a page keeps its own bytes, short or longer than what lines share', () => {
  const lines = new StagedLines();
  const texts = Array.from({ length: 900 }, (_, index) => `${index} ${'表é'.repeat(index % 400)}`);
  texts.splice(450, 0, '長'.repeat(300_000));
  const made = texts.map((text) => lines.add([text, null]));
  expect(made.map(String)).toEqual(texts.map((text) => `${text}\t\\N\n`));
});

test('lines go to the wire in their order, each behind the columns that all have', () => {
  const lines = Array.from({ length: 3_000 }, (_, index) => Buffer.from(`${index}${'x'.repeat(index % 300)}\n`));
  const sent = Buffer.concat([...copyChunks(lines, Buffer.from('run\t0\t1\t'))]);
  expect(sent.toString()).toBe(lines.map((line) => `run\t0\t1\t${line}`).join(''));
});
