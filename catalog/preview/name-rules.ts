/** Tells by its name that a column holds something personal or secret. */
export interface NameRule {
  id: string;
  /** What its columns hold, in the plural. */
  finds: string;
  /** Words of names that it goes by, for people. */
  description: string;
  /** Of a name in lower case with `_` between its words and at both ends. */
  pattern: RegExp;
}

/** Every name rule; the first that fits a column is told. */
export const NAME_RULES: readonly NameRule[] = [
  {
    id: 'name-secret',
    finds: 'passwords, keys and tokens',
    description:
      'password, passwd, pwd, passphrase, secret, token, api key, access key, private key, credential, salt, pin, otp, cvv; 密码, 口令, 令牌, 密钥',
    pattern:
      /_(passwords?|passwds?|pwd|passphrase|secrets?|tokens?|api_?key|apikey|access_?key|private_?key|auth_?key|secret_?key|credentials?|salt|pin|pin_code|otp|cvv2?|cvc)_|密码|口令|令牌|密钥/,
  },
  {
    id: 'name-email',
    finds: 'e-mail addresses',
    description: 'email, e_mail, mail_address; 邮箱, 电子邮件',
    pattern: /_(e_?mails?|e_?mail_?addr(ess)?|mail_addr(ess)?)_|邮箱|电子邮件/,
  },
  {
    id: 'name-phone',
    finds: 'phone numbers',
    description: 'phone, telephone, mobile, cellphone, tel, fax, msisdn; 手机, 电话',
    pattern:
      /_(tele|cell|mobile)?phones?_|_(phone_?(no|num|number)|mobile|mobile_?(no|num|number)|tel|tel_?(no|num)|fax|msisdn)_|手机|电话/,
  },
  {
    id: 'name-card',
    finds: 'payment card numbers',
    description: 'credit_card, card_number, card_no, pan; 银行卡, 卡号',
    pattern: /_((credit|debit|bank|payment)_?card|card_?(no|num|number)|pan)_|银行卡|卡号/,
  },
  {
    id: 'name-account',
    finds: 'bank account numbers',
    description: 'iban, bank_account, account_number; 银行账号, 银行帐号',
    pattern: /_(iban|bank_?acc(oun)?t|acc(oun)?t_?(no|num|number))_|银行[账帐]号/,
  },
  {
    id: 'name-id',
    finds: 'identity numbers',
    description:
      'ssn, social_security, national_id, id_card, id_number, passport, tax_id, nino, dni, nie, cpf, aadhaar, driver_license; 身份证, 护照',
    pattern:
      /_(ssn|social_security|national_?id|id_?card|idcard|id_?(no|num|number)|identity_?(no|num|number|card)|passports?|tax_?(id|number)|nino|dni|nie|cpf|aadhaar|drivers?_?licen[cs]e)_|身份证|护照/,
  },
];

/** Of these types a column named so tells of something else: when it changed, or whether there is one. */
const TELLS_NOTHING = /^(bool|boolean|date|time|timestamp|datetime|interval|year|tinyint\(1\))/i;

/** The rule that a column's name fits, if one does. */
export function nameRuleOf({ name, type }: { name: string; type: string }): NameRule | undefined {
  if (TELLS_NOTHING.test(type)) return undefined;
  const words = `_${name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replaceAll(/[^\p{L}\p{N}]+/gu, '_')
    .toLowerCase()}_`;
  return NAME_RULES.find(({ pattern }) => pattern.test(words));
}
