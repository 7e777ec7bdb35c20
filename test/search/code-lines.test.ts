import { expect, test } from 'vitest';
import { linesOf } from '../../search/code-lines.js';

const starting = (...words: string[]) => words.map((word) => ({ word, prefix: true }));
const read = (text: string, ...words: string[]) =>
  linesOf(text, starting(...words)).map(
    ({ number, segments }) => `${number}: ${segments.map((s) => (s.match ? `[${s.text}]` : s.text)).join('')}`,
  );

test('lines are those with the words, by number, with every match marked and nothing made into HTML', () => {
  const code = 'SELECT *\r\nFROM dim_customer c -- <b>customer</b>\rJOIN customerOrders o\n\nWHERE c.id = 1';
  expect(read(code, 'customer')).toEqual([
    '2: FROM dim_[customer] c -- <b>[customer]</b>',
    '3: JOIN [customer]Orders o',
  ]);
});

test('a word is found at its beginning, and not within another', () => {
  expect(read('valid\nidentity\nvideo_id', 'id')).toEqual(['2: [id]entity', '3: video_[id]']);
});

test('accents and case are no difference, and Chinese is found inside a sentence', () => {
  expect(read('# Façade des COMMANDES\n-- 客户订单汇总', 'facade', '订单')).toEqual([
    '1: # [Façade] des COMMANDES',
    '2: -- 客户[订单]汇总',
  ]);
});

test('of many lines those with most of the words are shown, five of them, in their order', () => {
  const code = [...Array.from({ length: 9 }, (_, n) => `a ${n}`), 'a b', 'b a'].join('\n');
  expect(read(code, 'a', 'b').map((line) => line.split(':')[0])).toEqual(['1', '2', '3', '10', '11']);
});

test('a long line is cut around its first match, and so is a word as long as a line', () => {
  const [long] = linesOf(`${'x '.repeat(5_000)}needle${' y'.repeat(5_000)}`, starting('needle'));
  expect(long?.segments.find(({ match }) => match)?.text).toBe('needle');
  const word = 'q'.repeat(9_000);
  const [endless] = linesOf(`-- ${word}`, starting('q'.repeat(64)));
  for (const line of [long, endless]) expect(line?.segments.map(({ text }) => text).join('').length).toBeLessThan(320);
});

test('without words there are no lines', () => {
  expect(linesOf('SELECT 1', [])).toEqual([]);
});
