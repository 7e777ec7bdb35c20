/** Whether a text of digits passes the check of payment cards (ISO/IEC 7812-1, Luhn's). */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = Number(digits[digits.length - 1 - place]);
    const counted = place % 2 === 1 ? digit * 2 : digit;
    sum += counted > 9 ? counted - 9 : counted;
  }
  return sum % 10 === 0;
}

/** The first digits and lengths that networks give out: a number of any other kind is no card. */
const CARD =
  /^(4(\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(0[0-5]|[689]\d)\d{11}|35(2[89]|[3-8]\d)\d{12}|6(011|4[4-9]\d|5\d\d)\d{12}|62\d{14,17}|(50|5[6-9]|6[0-9])\d{10,17})$/;

/** A payment card's number, without separators: a network's prefix and length, and Luhn's check. */
export function isCardNumber(digits: string): boolean {
  return digits.length >= 13 && CARD.test(digits) && passesLuhn(digits);
}

/** Lengths by country, from the registry of ISO 13616. */
const IBAN_LENGTHS: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ' +
    'ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 ' +
    'LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 ' +
    'QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** How long an IBAN that begins so is; undefined for what is no country that has them. */
export function ibanLength(country: string): number | undefined {
  return IBAN_LENGTHS.get(country.toUpperCase());
}

/** An IBAN without spaces, by its country's length and ISO 7064's mod 97. */
export function isIban(text: string): boolean {
  if (!/^[A-Za-z]{2}\d{2}[A-Za-z0-9]+$/.test(text) || text.length !== ibanLength(text.slice(0, 2))) return false;
  return remainder97(text.slice(4) + text.slice(0, 4)) === 1;
}

/** Of a number in base 36 digits, each letter standing for two decimal ones. */
function remainder97(text: string): number {
  let rest = 0;
  for (const sign of text) {
    const value = Number.parseInt(sign, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}

/** A resident identity card of China, 18 places: ISO 7064 mod 11-2 (GB 11643-1999). */
export function isChineseId(text: string): boolean {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((total, weight, place) => total + weight * Number(text[place]), 0);
  return '10X98765432'[sum % 11] === text[17]?.toUpperCase();
}

const DNI_LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE';

/** A DNI or NIE of Spain: the letter is the number's remainder by 23. */
export function isSpanishId(text: string): boolean {
  const upper = text.toUpperCase().replaceAll('-', '');
  const digits = upper.slice(0, -1).replace(/^[XYZ]/, (first) => String('XYZ'.indexOf(first)));
  return DNI_LETTERS[Number(digits) % 23] === upper.at(-1);
}

/** A CPF of Brazil: two check digits. Eleven equal digits pass them and are none. */
export function isBrazilianId(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '');
  if (digits.length !== 11 || /^(\d)\1+$/.test(digits)) return false;
  return [9, 10].every((length) => {
    let sum = 0;
    for (let place = 0; place < length; place += 1) sum += Number(digits[place]) * (length + 1 - place);
    return ((sum * 10) % 11) % 10 === Number(digits[length]);
  });
}

/** A number of the French social security (NIR) without its Corsican forms: 13 digits and their key. */
export function isFrenchId(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '');
  return digits.length === 15 && 97 - Number(BigInt(digits.slice(0, 13)) % 97n) === Number(digits.slice(13));
}

const DIHEDRAL =
  '0123456789 1234067895 2340178956 3401289567 4012395678 5987604321 6598710432 7659821043 8765932104 9876543210'.split(
    ' ',
  );
const PERMUTED = '0123456789 1576283094 5803796142 8916043527 9453126870 4286573901 2793806415 7046913258'.split(' ');

/** An Aadhaar number of India: Verhoeff's check. */
export function isIndianId(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '');
  let check = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = Number(digits[digits.length - 1 - place]);
    check = Number(DIHEDRAL[check]?.[Number(PERMUTED[place % 8]?.[digit])]);
  }
  return digits.length === 12 && check === 0;
}

/** An NRIC or FIN of Singapore. */
export function isSingaporeanId(text: string): boolean {
  const upper = text.toUpperCase();
  const first = upper.charAt(0);
  const weighed = [2, 7, 6, 5, 4, 3, 2].reduce((sum, weight, place) => sum + weight * Number(upper[place + 1]), 0);
  const sum = weighed + ('TG'.includes(first) ? 4 : 0);
  return ('ST'.includes(first) ? 'JZIHGFEDCBA' : 'XWUTRQPNMLK')[sum % 11] === upper[8];
}
