import { setImmediate } from 'node:timers/promises';
import { CONTENT_RULES, type ContentRule, type Span } from './content-rules.js';
import { nameRuleOf } from './name-rules.js';

/** Stands for what is masked, however long it was. */
export const MASK = '***';

/** A value as it was read, with more of its text than is shown. */
export interface RawCell {
  text: string | null;
  bytes?: number;
  cut?: true;
}

/** A rule that masked something of a column, and what of it. */
export interface Masking {
  rule: string;
  by: 'name' | 'content';
  /** For people, why. */
  because: string;
  /** Values that it found something in; of a name rule, those that were masked. */
  values: number;
}

export interface MaskedColumn {
  name: string;
  type: string;
  /** Null when nothing of it was masked; `whole` when every value was. */
  masked: { whole: boolean; rules: Masking[] } | null;
}

export interface MaskedRows {
  columns: MaskedColumn[];
  rows: RawCell[][];
}

/**
 * Masks rows that were read. A column is masked as a whole when its name says so, when one whole value is of a kind that
 * cannot be mistaken, or when half of its values are of one that can; else what was found is masked where it stands.
 * Values are cut to what is shown only afterwards, so that what stands at the cut is still known for what it is.
 * @param shown characters of a value that are shown
 */
export async function maskRows(
  read: { columns: readonly { name: string; type: string }[]; rows: readonly (readonly RawCell[])[] },
  shown: number,
): Promise<MaskedRows> {
  const columns: MaskedColumn[] = [];
  const cells: RawCell[][] = [];
  for (const [at, column] of read.columns.entries()) {
    const result = maskColumn(
      column,
      read.rows.map((row) => row[at] ?? { text: null }),
    );
    columns.push({ ...column, masked: result.masked });
    cells.push(result.cells.map((cell) => cutTo(cell, shown)));
    // Long texts take their time, and heartbeats are due meanwhile.
    await setImmediate();
  }
  return { columns, rows: read.rows.map((_, row) => cells.map((column) => column[row] ?? { text: null })) };
}

/** Masks the values of one column. */
export function maskColumn(
  column: { name: string; type: string },
  cells: readonly RawCell[],
): { masked: MaskedColumn['masked']; cells: RawCell[] } {
  const texts = cells.filter(({ text }) => text !== null && text !== '').length;
  const named = nameRuleOf(column);
  if (named !== undefined) {
    const because = `its name says that it holds ${named.finds}`;
    const rules: Masking[] = [{ rule: named.id, by: 'name', because, values: texts }];
    return { masked: { whole: true, rules }, cells: cells.map(hidden) };
  }
  const found = CONTENT_RULES.map((rule) => ({ rule, spans: cells.map((cell) => spansOf(rule, cell)) })).filter(
    ({ spans }) => spans.some((some) => some.length > 0),
  );
  if (found.length === 0) return { masked: null, cells: [...cells] };
  const whole = found.some(({ rule, spans }) => isOfKind(rule, spans, cells, texts));
  const rules = found.map(({ rule, spans }): Masking => {
    const values = spans.filter((some) => some.length > 0).length;
    return { rule: rule.id, by: 'content', because: `${values} of ${texts} values hold ${rule.finds}`, values };
  });
  return {
    masked: { whole, rules },
    cells: cells.map((cell, at) =>
      whole
        ? hidden(cell)
        : withoutSpans(
            cell,
            found.flatMap(({ spans }) => spans[at] ?? []),
          ),
    ),
  };
}

function spansOf(rule: ContentRule, { text }: RawCell): Span[] {
  return text === null ? [] : rule.find(narrow(text));
}

/** Full-width digits and signs as their ordinary ones; of the same length, so that places stay what they are. */
function narrow(text: string): string {
  return text.replaceAll(/[\uFF01-\uFF5E]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0));
}

function isOfKind(
  { certain }: ContentRule,
  spans: readonly Span[][],
  cells: readonly RawCell[],
  texts: number,
): boolean {
  const whole = spans.filter((some, at) => some.some((span) => coversAll(span, cells[at]?.text ?? ''))).length;
  return certain ? whole > 0 : whole * 2 >= texts;
}

function coversAll({ start, end }: Span, text: string): boolean {
  return text.slice(0, start).trim() === '' && text.slice(end).trim() === '';
}

/** Null stays null, and of a binary value there is nothing but its size. */
function hidden(cell: RawCell): RawCell {
  return cell.text === null ? cell : { text: MASK };
}

function withoutSpans(cell: RawCell, spans: readonly Span[]): RawCell {
  if (cell.text === null || spans.length === 0) return cell;
  let text = '';
  let at = 0;
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    if (start > at || at === 0) text += `${cell.text.slice(at, Math.max(at, start))}${MASK}`;
    at = Math.max(at, end);
  }
  return { ...cell, text: text + cell.text.slice(at) };
}

function cutTo(cell: RawCell, shown: number): RawCell {
  if (cell.text === null || cell.text.length <= shown) return cell;
  const signs = Array.from(cell.text);
  return signs.length <= shown ? cell : { text: signs.slice(0, shown).join(''), cut: true };
}
