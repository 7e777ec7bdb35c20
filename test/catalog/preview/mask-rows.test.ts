import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isBrazilianId,
  isCardNumber,
  isChineseId,
  isFrenchId,
  isIban,
  isIndianId,
  isSpanishId,
  passesLuhn,
} from '../../../catalog/preview/checksums.js';
import { MASK, maskColumn, maskRows } from '../../../catalog/preview/mask-rows.js';

const column = { name: 'note', type: 'text' };
const cells = (...texts: (string | null)[]) => texts.map((text) => ({ text }));
const digits = (length: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length }).map((list) => list.join(''));
/** The one last digit that makes a number pass. */
const completed = (head: string, passes: (text: string) => boolean, signs = '0123456789X') =>
  `${head}${[...signs].find((sign) => passes(`${head}${sign}`)) ?? ''}`;

const card = fc
  .tuple(fc.constantFrom('4', '51', '2221', '6011', '6221', '3528'), digits(15))
  .map(([prefix, rest]) => completed((prefix + rest).slice(0, 15), passesLuhn));
const amex = digits(12).map((rest) => completed(`37${rest}`, passesLuhn));
const chinese = fc
  .tuple(
    fc.integer({ min: 110101, max: 659001 }),
    fc.date({ min: new Date('1900-01-02'), max: new Date('2026-01-01'), noInvalidDate: true }),
    digits(3),
  )
  .map(([place, born, number]) =>
    completed(`${place}${born.toISOString().slice(0, 10).replaceAll('-', '')}${number}`, isChineseId),
  );
const german = digits(18).map((account) => {
  const check = String(98 - Number(BigInt(`${account}131400`) % 97n)).padStart(2, '0');
  return `DE${check}${account}`;
});
const email = fc.emailAddress().filter((address) => /^[\w.+'%-]+@[a-z0-9.-]+\.[a-z]{2,}$/i.test(address));
const phone = fc.tuple(fc.constantFrom('+44', '+1', '+86', '+49'), digits(10)).map(([code, rest]) => `${code} ${rest}`);
const ssn = fc
  .tuple(fc.integer({ min: 100, max: 665 }), fc.integer({ min: 10, max: 99 }), fc.integer({ min: 1000, max: 9999 }))
  .map((parts) => parts.join('-'));
const token = fc
  .tuple(digits(20), digits(30))
  .map(
    ([head, body]) => `eyJ${Buffer.from(head).toString('base64url')}.${Buffer.from(body).toString('base64url')}.c2ln`,
  );
const kinds = { card, amex, chinese, german, email, phone, ssn, token };

describe.each(Object.entries(kinds))('a value that is a %s', (_kind, arbitrary: fc.Arbitrary<string>) => {
  it('masks its whole column, and is nowhere in what is left', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, fc.array(fc.constantFrom('a', null, '17', '')), async (value, others) => {
        const rows = [...others, value, ...others].map((text) => [{ text }]);
        const masked = await maskRows({ columns: [column], rows }, 300);
        expect(JSON.stringify(masked)).not.toContain(value);
        expect(masked.columns[0]?.masked).toMatchObject({ whole: true });
        expect(masked.rows.map(([cell]) => cell?.text)).toEqual(
          rows.map(([cell]) => (cell?.text === null ? null : MASK)),
        );
      }),
    );
  });

  it('is masked where it stands within a text, and the rest is shown', () => {
    fc.assert(
      fc.property(
        arbitrary,
        fc.constantFrom('from ', '说明：', '{"k":"', '('),
        fc.constantFrom(' later', '。', '"}', ')'),
        (value, before, after) => {
          const { cells: shown } = maskColumn(column, cells(`${before}${value}${after}`));
          const text = shown[0]?.text ?? '';
          expect(text).not.toContain(value);
          expect(text.startsWith(before)).toBe(true);
          expect(text.endsWith(after)).toBe(true);
        },
      ),
    );
  });

  it('is still known where the shown text ends in its middle', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, fc.integer({ min: 1, max: 8 }), async (value, inside) => {
        const before = `${'x'.repeat(299 - inside)} `;
        const { rows } = await maskRows({ columns: [column], rows: [[{ text: `${before}${value}` }]] }, 300);
        expect(rows[0]?.[0]?.text).not.toContain(value.slice(0, Math.max(inside, 4)));
      }),
      { numRuns: 30 },
    );
  });
});

it('keeps null, marks nothing that is nothing, and leaves ordinary values as they are', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.constant(null),
          fc.integer({ min: -99_999, max: 99_999 }).map(String),
          fc.constantFrom('red', '2026-01-02', '2026-01-02 03:04:05.678901+00', '192.168.100.12', '3.14159'),
        ),
      ),
      (values) => {
        const result = maskColumn(column, cells(...values));
        expect(result).toEqual({ masked: null, cells: cells(...values) });
      },
    ),
  );
});

it('goes by a column’s name in whatever way it is written, whatever it holds', () => {
  for (const name of [
    'email',
    'customerEmail',
    'E_MAIL',
    'phone-number',
    'homePhone',
    '手机号',
    'userPassword',
    'api_key',
    'creditCardNo',
    'id_card',
    '身份证号',
    'IBAN',
    'passwordHash',
    'tax_id',
  ])
    expect(maskColumn({ name, type: 'text' }, cells('x', null)), name).toMatchObject({
      masked: { whole: true, rules: [{ by: 'name', values: 1 }] },
      cells: [{ text: MASK }, { text: null }],
    });
  for (const name of ['mailing_list', 'telephony_ratio', 'description', 'panel', 'tokenizer', 'spinner', 'hotel'])
    expect(maskColumn({ name, type: 'text' }, cells('x')).masked, name).toBeNull();
  expect(maskColumn({ name: 'email_verified', type: 'boolean' }, cells('t')).masked).toBeNull();
  expect(maskColumn({ name: 'password', type: 'timestamp without time zone' }, cells('2026-01-01')).masked).toBeNull();
});

it('finds secrets in settings, URLs and hashes of passwords', () => {
  for (const [text, hidden] of [
    ['postgres://reader:hunter22@db/shop', 'hunter22'],
    ['{"user":"a","password": "hunter22"}', 'hunter22'],
    ['api_key=abcdef123;x=1', 'abcdef123'],
    ['use AKIAABCDEFGHIJKLMNOP here', 'AKIAABCDEFGHIJKLMNOP'],
    ['h: $2b$12$abcdefghijklmnopqrstuv', '$2b$12$abcdefghijklmnopqrstuv'],
    ['１３８００１３８０００', '１３８'],
    ['x Ｆ 6217 0000 1234 5678 901? 4111-1111-1111-1111', '4111'],
  ] as const)
    expect(maskColumn(column, cells(text)).cells[0]?.text, text).not.toContain(hidden);
});

it('masks values that only look like phones one by one, until half of the column are such', () => {
  expect(maskColumn(column, cells('13800138000', '12', '13', '14')).cells).toEqual(cells(MASK, '12', '13', '14'));
  expect(maskColumn(column, cells('13800138000', '12')).cells).toEqual(cells(MASK, MASK));
});

it('knows published examples of numbers with checks', () => {
  expect(isCardNumber('4111111111111111')).toBe(true);
  expect(isCardNumber('4111111111111112')).toBe(false);
  expect(isIban('GB82WEST12345698765432')).toBe(true);
  expect(isIban('GB82WEST12345698765431')).toBe(false);
  expect(isChineseId('11010519491231002X')).toBe(true);
  expect(isSpanishId('12345678Z')).toBe(true);
  expect(isBrazilianId('529.982.247-25')).toBe(true);
  expect(isIndianId('2341 2341 2346')).toBe(true);
  expect(isFrenchId('1 84 12 76 451 089 46')).toBe(true);
});
