import {
  ibanLength,
  isBrazilianId,
  isCardNumber,
  isChineseId,
  isFrenchId,
  isIban,
  isIndianId,
  isSingaporeanId,
  isSpanishId,
} from './checksums.js';

/** Where something stands in a text; `end` is the first place after it. */
export interface Span {
  start: number;
  end: number;
}

/** Finds one kind of personal or secret value by what it looks like. */
export interface ContentRule {
  id: string;
  /** What it finds, in the plural. */
  finds: string;
  description: string;
  /**
   * False where many an ordinary number looks the same: then a value that matches is masked, and its column only when
   * half of its values do.
   */
  certain: boolean;
  find(text: string): Span[];
}

/** Spans of a pattern, or of its group named `hide`, that pass the check. The pattern has the flags `g`, and `d` with a group. */
function spans(text: string, pattern: RegExp, passes: (found: string) => boolean = () => true): Span[] {
  const found: Span[] = [];
  for (const match of text.matchAll(pattern)) {
    const [start, end] = match.indices?.groups?.hide ?? [match.index, match.index + match[0].length];
    if (passes(text.slice(start, end))) found.push({ start, end });
  }
  return found;
}

const rule = (
  id: string,
  finds: string,
  description: string,
  find: ContentRule['find'],
  { certain = true }: { certain?: boolean } = {},
): ContentRule => ({ id, finds, description, certain, find });

const EMAIL = /[\p{L}\p{N}._%+'-]{1,64}@(?:[\p{L}\p{N}-]{1,63}\.){1,8}\p{L}[\p{L}\p{N}-]{1,62}/gu;

/** Runs of digits that single spaces or dashes may group. */
const DIGIT_RUN = /\d(?:[ -]?\d){12,60}/g;

/** Cards within a run of digits: any groups that follow each other may be the number. */
function findCards(text: string): Span[] {
  const found: Span[] = [];
  for (const { index, 0: run } of text.matchAll(DIGIT_RUN)) {
    const groups = [...run.matchAll(/\d+/g)].map((group) => ({
      start: group.index,
      end: group.index + group[0].length,
    }));
    for (let first = 0; first < groups.length; first += 1) {
      for (let last = groups.length - 1; last >= first; last -= 1) {
        const [start, end] = [groups[first]?.start ?? 0, groups[last]?.end ?? 0];
        if (!isCardNumber(run.slice(start, end).replaceAll(/\D/g, ''))) continue;
        found.push({ start: index + start, end: index + end });
        first = last;
        break;
      }
    }
  }
  return found;
}

const IBAN_START = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}/g;

/** What follows a country's two letters is taken in the length that the country has, with or without spaces. */
function findIbans(text: string): Span[] {
  return [...text.matchAll(IBAN_START)].flatMap(({ index, 0: head }) => {
    const length = ibanLength(head.slice(0, 2));
    if (length === undefined) return [];
    let end = index;
    let compact = '';
    while (compact.length < length && end < text.length) {
      const sign = text[end] ?? '';
      if (/[A-Za-z0-9]/.test(sign)) compact += sign;
      else if (sign !== ' ') break;
      end += 1;
    }
    return isIban(compact) && !/[A-Za-z0-9]/.test(text[end] ?? '') ? [{ start: index, end }] : [];
  });
}

const IDS: readonly { pattern: RegExp; passes?: (text: string) => boolean }[] = [
  // China: place, date of birth, number, check
  {
    pattern:
      /(?<![\dA-Za-z])[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])/g,
    passes: isChineseId,
  },
  // United States, social security
  { pattern: /(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])/g },
  // United Kingdom, national insurance
  {
    pattern:
      /(?<![A-Za-z0-9])(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?\d{2}){3} ?[A-D](?![A-Za-z0-9])/gi,
  },
  // Spain
  { pattern: /(?<![A-Za-z0-9])(?:\d{8}|[XYZ]\d{7})-?[A-Z](?![A-Za-z0-9])/gi, passes: isSpanishId },
  // Italy, codice fiscale
  {
    pattern: /(?<![A-Za-z0-9])[A-Z]{6}\d{2}[A-EHLMPRST](?:[0-6]\d|7[01])[A-Z]\d{3}[A-Z](?![A-Za-z0-9])/gi,
  },
  // Brazil
  { pattern: /(?<![\d.-])(?:\d{3}\.\d{3}\.\d{3}-\d{2}|\d{11})(?![\d-])/g, passes: isBrazilianId },
  // France
  { pattern: /(?<!\d)[1-478](?: ?\d\d){3}(?: ?\d{3}){2} ?\d\d(?!\d)/g, passes: isFrenchId },
  // Korea
  { pattern: /(?<![\d-])\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-[1-8]\d{6}(?![\d-])/g },
  // Singapore
  { pattern: /(?<![A-Za-z0-9])[STFG]\d{7}[A-Z](?![A-Za-z0-9])/gi, passes: isSingaporeanId },
];

const CERTAIN_PHONES = [
  // With the country's code
  /(?<![\w+])\+\d(?:[ ()./-]{0,2}\d){7,14}(?!\d)/g,
  // North America
  /(?<![\d-])(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?![\d-])/g,
];
const LIKELY_PHONES = [
  // China, mobile
  /(?<![\w.-])(?:86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![\w-]|\.\d)/g,
  // With the trunk's zero
  /(?<![\w.-])\(?0\d{1,4}\)?[ /-]\d{3,4}[ -]?\d{3,5}(?![\w-]|\.\d)/g,
];

const SECRETS = [
  /eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?/g,
  /\b(?:A(?:KIA|SIA)[0-9A-Z]{16}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}|sk-[\w-]{20,}|[rs]k_(?:live|test)_\w{10,}|AIza[\w-]{30,}|LTAI\w{12,}|npm_\w{30,})/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*/g,
  /\$(?:2[abxy]|argon2\w{1,2}|scrypt|pbkdf2[\w-]*|[156y])\$[\w./+=,$-]{8,}/g,
  /\{(?:SSHA|SHA|MD5|CRYPT)\d*\}[\w./+=$-]{8,}/g,
  /\bBearer\s+[\w.~+/-]{8,}=*/gi,
  /:\/\/[^\s:/@]{1,64}:(?<hide>[^\s@/]{1,128})(?=@)/dg,
  /(?:password|passwd|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|authorization)["']?\s{0,3}[:=]\s{0,3}["']?(?<hide>[^\s"',;&}]{3,256})/dgi,
];

/** Every content rule, in the order in which they are told. */
export const CONTENT_RULES: readonly ContentRule[] = [
  rule('email', 'e-mail addresses', 'name@domain.tld, anywhere in a value', (text) =>
    text.includes('@') ? spans(text, EMAIL) : [],
  ),
  rule('payment-card', 'payment card numbers', "13 to 19 digits of a network, by Luhn's check", findCards),
  rule('iban', 'bank account numbers (IBAN)', "by the country's length and check digits", findIbans),
  rule(
    'national-id',
    'identity numbers',
    'China (18 places, with checksum), United States, United Kingdom, Spain, Italy, Brazil, France, Korea, Singapore; by check digits where they have some',
    (text) => IDS.flatMap(({ pattern, passes }) => spans(text, pattern, passes)),
  ),
  rule(
    'national-id-in',
    'Aadhaar numbers',
    "India: 12 digits, by Verhoeff's check",
    (text) => spans(text, /(?<![\w.-])[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}(?![\w-]|\.\d)/g, isIndianId),
    { certain: false },
  ),
  rule('phone', 'phone numbers', 'with a country code, or as North America writes them', (text) =>
    CERTAIN_PHONES.flatMap((pattern) => spans(text, pattern)),
  ),
  rule(
    'phone-local',
    'phone numbers without a country code',
    "mobile numbers of China, and numbers with the trunk's zero",
    (text) => LIKELY_PHONES.flatMap((pattern) => spans(text, pattern)),
    { certain: false },
  ),
  rule(
    'secret',
    'tokens, keys and passwords',
    'JSON web tokens, keys of well-known services, private keys, hashes of passwords, credentials in URLs and after words such as password=',
    (text) => SECRETS.flatMap((pattern) => spans(text, pattern)),
  ),
];
