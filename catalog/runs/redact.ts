/** What stands in the place of a secret. */
const MASK = '***';

export interface Redactor {
  text(text: string): string;
  /** A copy of any JSON-like value with secrets masked, in keys' values and inside strings. */
  value(value: unknown): unknown;
}

const SECRET_NAME =
  'pass(?:word|wd|phrase|code)?|pwd|secret|token|api[_-]?key|access[_-]?key(?:[_-]?(?:id|secret))?|private[_-]?key|' +
  'secret[_-]?key|master[_-]?key|credentials?|authorization|auth|cookie|signature';
/** These count at the end of a longer word too, as in `clientSecret`; the short ones would take in `compass`. */
const LONG_NAME = 'password|passphrase|secret|token|api[_-]?key|private[_-]?key|access[_-]?key';
const NAMED = `(?:(?:\\b|_)(?:${SECRET_NAME})|${LONG_NAME})`;
const SECRET_KEY = new RegExp(`(?:^|[_.-])(?:${SECRET_NAME})$|(?:${LONG_NAME})$`, 'i');

/** Each matches the secret and keeps, as $1 and $2, what stands around it. Bounded, so that none takes quadratic time. */
const PATTERNS: readonly [RegExp, string][] = [
  [/-----BEGIN [^-\n]{0,60}-----[\s\S]*?(?:-----END [^-\n]{0,60}-----|$)/g, MASK],
  // To the last @ of the word: passwords hold unescaped @ and / more often than addresses hold a second @.
  [/(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s:/?#@]{0,256}:)[^\s]{1,2000}(@)/gi, `$1${MASK}$2`],
  [/(\b(?:Bearer|Basic|Negotiate)\s+)[A-Za-z0-9+/=._~-]{6,}/gi, `$1${MASK}`],
  [
    /(\bIDENTIFIED\s+(?:WITH\s+\S{1,60}\s+)?(?:BY|AS)\s+(?:PASSWORD\s+)?)(?:'(?:[^'\\]|\\.|'')*(?:'|$)|"(?:[^"\\]|\\.)*(?:"|$))/gi,
    `$1${MASK}`,
  ],
  [/(\bPASSWORD\s+)(?:'(?:[^'\\]|\\.|'')*(?:'|$)|"(?:[^"\\]|\\.)*(?:"|$))/gi, `$1${MASK}`],
  // JSON inside of a JSON string, where each quote has a backslash before it.
  [new RegExp(String.raw`(${NAMED}\\"\s{0,5}:\s{0,5})\\"(?:\\\\\\"|[^"\\]|\\(?!"))*(?:\\"|$)`, 'gi'), `$1${MASK}`],
  [
    new RegExp(
      String.raw`(${NAMED}["']?\s{0,5}(?:=>|[=:])\s{0,5})` +
        String.raw`(?:"(?:[^"\\]|\\[\s\S])*(?:"|$)|'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|[^\s,;&"'}\])]+)`,
      'gi',
    ),
    `$1${MASK}`,
  ],
  [/\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?/g, MASK],
  [/\b(?:dm_|gh[pousr]_|github_pat_|glpat-|xox[abpr]-|sk-|sk_live_|hf_|AKIA|ASIA|LTAI)[A-Za-z0-9_-]{12,}/g, MASK],
];

/**
 * Makes a function of log lines and failures that masks what looks like a secret, and every secret it is told.
 * @param secrets values known to be secret; those under four characters are masked only where the patterns find them,
 *   since masking every such letter would spoil the text and show which letters they are
 */
export function createRedactor(secrets: readonly string[] = []): Redactor {
  const known = [...new Set(secrets.filter((secret) => secret.length >= 4).flatMap(spellings))].sort(
    (a, b) => b.length - a.length,
  );
  const text = (original: string): string => {
    let masked = original;
    for (const secret of known) masked = masked.replaceAll(secret, MASK);
    for (const [pattern, replacement] of PATTERNS) masked = masked.replace(pattern, replacement);
    return masked;
  };
  const value = (original: unknown, depth = 0): unknown => {
    if (typeof original === 'string') return text(original);
    if (typeof original === 'bigint') return String(original);
    if (typeof original !== 'object' || original === null || original instanceof Date) return original;
    if (depth >= 8) return '[deep]';
    if (original instanceof Error) return { name: original.name, message: text(original.message) };
    if (Array.isArray(original)) return original.map((item) => value(item, depth + 1));
    return Object.fromEntries(
      Object.entries(original).map(([key, item]) => [
        text(key),
        SECRET_KEY.test(key) && item !== null && typeof item !== 'boolean' ? MASK : value(item, depth + 1),
      ]),
    );
  };
  return { text, value: (original) => value(original) };
}

/** A secret as it may turn up: plain, in a URL, in JSON, in base64. */
function spellings(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret.replace(/\p{Surrogate}/gu, '\uFFFD')),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
  ];
}
