import type { SearchDocument, SearchHit, SearchRequest, Segment } from './port.js';
import { compact, fold, wordsOf } from './words.js';

/** A text is cut to about this many characters around its first match. */
const EXCERPT = 200;
/** Columns beyond this are not listed: a wide table may match with all of them. */
const MOST_COLUMNS = 5;

/** What marks a word: whole words, or beginnings. */
export interface Sought {
  word: string;
  prefix: boolean;
}

/**
 * Where a document matches the words sought, best field first: name, columns, description, comment; or in its columns' names
 * alone. Where there are columns that have all of the words, those that have some are not told of.
 * @param options.onlyBest looks at the rest only where the name does not match
 * @param options.known where names match, of documents for the same words and text: columns of many tables are called alike
 */
export function highlightsOf(
  document: SearchDocument,
  sought: readonly Sought[],
  text = '',
  {
    within,
    onlyBest,
    known = new Map(),
  }: Pick<SearchRequest, 'within' | 'onlyBest'> & { known?: Map<string, Mark[]> } = {},
): SearchHit['highlights'] {
  const highlights: SearchHit['highlights'] = [];
  const add = (field: SearchHit['highlights'][number]['field'], marked: Mark[], value: string) => {
    if (marked.length > 0) highlights.push({ field, segments: segmentsOf(value, marked) });
  };
  const marksInName = (name: string): Mark[] => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const whole = marksIn(name, sought);
    const marks = whole.length > 0 ? whole : typedTogether(name, text);
    known.set(name, marks);
    return marks;
  };
  if (within === undefined) add('name', marksInName(document.name), document.name);
  if (onlyBest && highlights.length > 0) return highlights;
  const columns = document.columnNames
    .map((name, at) => ({ name, at, marks: marksInName(name) }))
    .filter(({ marks }) => marks.length > 0)
    .sort((a, b) => wholeness(b) - wholeness(a) || a.at - b.at);
  const complete = columns.filter(({ name }) => hasAll(name, sought));
  for (const { name, marks } of (complete.length > 0 ? complete : columns).slice(0, MOST_COLUMNS))
    add('column', marks, name);
  if (within === 'columns') return highlights;
  for (const field of ['description', 'comment'] as const) {
    const value = document[field];
    if (value) addExcerpt(add, field, value, sought);
  }
  if (columns.length === 0) {
    // A column found by what is said of it: its name stands in front, so that it is known which one.
    const said = document.columnComments.findIndex((comment) => comment !== '' && marksIn(comment, sought).length > 0);
    const comment = document.columnComments[said];
    if (comment !== undefined) {
      const lead = document.columnNames[said] === undefined ? '' : `${document.columnNames[said]}: `;
      const excerpt = excerptOf(comment, marksIn(comment, sought));
      highlights.push({
        field: 'column',
        segments: [{ text: lead, match: false }, ...segmentsOf(excerpt.text, excerpt.marks)].filter(
          (segment) => segment.text !== '',
        ),
      });
    }
  }
  return highlights;
}

function hasAll(name: string, sought: readonly Sought[]): boolean {
  const words = wordsOf(name);
  return sought.every((each) =>
    words.some(({ word }) => word === each.word || (each.prefix && word.startsWith(each.word))),
  );
}

/** A name, cut where the words sought match. */
export function segmentsOfName(name: string, sought: readonly Sought[], text: string): Segment[] {
  const marks = marksIn(name, sought);
  return segmentsOf(name, marks.length > 0 ? marks : typedTogether(name, text));
}

/** A line cut to what stands around the first match, with all matches in that cut out; undefined where nothing matches. */
export function segmentsOfExcerpt(text: string, sought: readonly Sought[]): Segment[] | undefined {
  // A word may be as long as a line: what is embedded in code is not always made of words.
  const marks = marksIn(text, sought).map(({ start, end }) => ({ start, end: Math.min(end, start + EXCERPT) }));
  if (marks.length === 0) return undefined;
  const excerpt = excerptOf(text, marks);
  return segmentsOf(excerpt.text, excerpt.marks);
}

/** Where something matches. */
export interface Mark {
  start: number;
  end: number;
}

function addExcerpt(
  add: (field: 'description' | 'comment', marked: Mark[], value: string) => void,
  field: 'description' | 'comment',
  value: string,
  sought: readonly Sought[],
): void {
  const excerpt = excerptOf(value, marksIn(value, sought));
  add(field, excerpt.marks, excerpt.text);
}

/** How much of a column's name the marks cover: `customer_email` before `email` before `email_of_parent`. */
function wholeness({ name, marks }: { name: string; marks: Mark[] }): number {
  const covered = marks.reduce((sum, { start, end }) => sum + end - start, 0);
  return covered / Math.max(compact(name).length, 1) + covered / 1_000;
}

function marksIn(text: string, sought: readonly Sought[]): Mark[] {
  const marks: Mark[] = [];
  for (const { word, start, end } of wordsOf(text)) {
    const whole = sought.some((each) => each.word === word);
    const beginning = whole ? undefined : sought.find((each) => each.prefix && word.startsWith(each.word));
    if (whole) marks.push({ start, end });
    else if (beginning !== undefined) {
      // Where folding changed the length, the letters typed cannot be counted off; the whole word is marked.
      const sameLength = fold(text.slice(start, end)).length === end - start;
      marks.push({ start, end: sameLength ? start + beginning.word.length : end });
    }
  }
  return joined(marks);
}

/** `customerord` typed for `customer_orders`: the name from its beginning, over its separators. */
function typedTogether(name: string, text: string): Mark[] {
  const typed = compact(text);
  if (typed === '' || !compact(name).startsWith(typed)) return [];
  for (let end = 1; end <= name.length; end += 1) if (compact(name.slice(0, end)) === typed) return [{ start: 0, end }];
  return [];
}

function joined(marks: Mark[]): Mark[] {
  const result: Mark[] = [];
  for (const mark of [...marks].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last !== undefined && mark.start <= last.end) last.end = Math.max(last.end, mark.end);
    else result.push({ ...mark });
  }
  return result;
}

function excerptOf(text: string, marks: Mark[]): { text: string; marks: Mark[] } {
  const first = marks[0];
  if (first === undefined || text.length <= EXCERPT) return { text, marks };
  const start = wordStart(text, Math.max(0, first.start - EXCERPT / 3));
  const end = Math.min(text.length, Math.max(start + EXCERPT, first.end));
  const lead = start > 0 ? '…' : '';
  const shift = lead.length - start;
  return {
    text: `${lead}${text.slice(start, end)}${end < text.length ? '…' : ''}`,
    marks: marks
      .filter((mark) => mark.end <= end)
      .map((mark) => ({ start: mark.start + shift, end: mark.end + shift })),
  };
}

/** The last beginning of a word at or before a place, so that no word and no surrogate pair is cut. */
function wordStart(text: string, place: number): number {
  const space = text.lastIndexOf(' ', place);
  if (space > 0 && place - space < 40) return space + 1;
  return /[\udc00-\udfff]/.test(text[place] ?? '') ? place - 1 : Math.floor(place);
}

function segmentsOf(text: string, marks: readonly Mark[]): Segment[] {
  const segments: Segment[] = [];
  let from = 0;
  for (const { start, end } of marks) {
    if (start > from) segments.push({ text: text.slice(from, start), match: false });
    segments.push({ text: text.slice(start, end), match: true });
    from = end;
  }
  if (from < text.length) segments.push({ text: text.slice(from), match: false });
  return segments;
}
