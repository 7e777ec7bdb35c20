import { LONGEST_DESCRIPTION } from './prompt.js';

/** Why what a model said of an object is not kept. */
export type RefusedBecause =
  | 'NOT_JSON'
  | 'CUT_OFF'
  | 'MODEL_DECLINED'
  | 'MISSING'
  | 'EMPTY'
  | 'TOO_LONG'
  | 'HTML'
  | 'LINK'
  | 'CONTROL_CHARACTERS'
  | 'PROMPT_ECHO'
  | 'NOT_PROSE';

/** An element, a comment or a declaration of HTML; `a < b` is none. */
const HTML = /<[a-z!/?]/i;
/** Links, images and addresses: whoever writes a comment at a source could plant one. */
const LINK = /\]\s*[([]|\b(?:https?|ftp):\/\/|\b(?:javascript|vbscript):|\bdata:[a-z]+\//i;
/** All but line breaks; marks that turn the direction of a text round are among those that hide. */
const CONTROL = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
/** JSON, code or a heading instead of sentences. */
const NOT_PROSE = /^[[{]|^```|^#{1,6}\s/;

/**
 * Whether a text may be suggested as the description of an object: undefined where it may.
 * @param told what the model was told, whose sentences it may not give back
 */
export function refusedText(text: string, object: string, told: string): RefusedBecause | undefined {
  if (text.trim() === '') return 'EMPTY';
  if (text.length > LONGEST_DESCRIPTION) return 'TOO_LONG';
  if (CONTROL.test(text.replace(/[\n\r\t]/g, ''))) return 'CONTROL_CHARACTERS';
  if (HTML.test(text)) return 'HTML';
  if (LINK.test(text)) return 'LINK';
  if (NOT_PROSE.test(text.trim())) return 'NOT_PROSE';
  if (plain(text) === plain(object) || echoes(text, told)) return 'PROMPT_ECHO';
  return undefined;
}

function echoes(text: string, told: string): boolean {
  const said = plain(text);
  return told
    .split(/[.:\n]/)
    .map(plain)
    .some((sentence) => sentence.length >= 30 && said.includes(sentence));
}

/** Letters and digits alone, so that marks and spaces hide no sameness. */
const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
