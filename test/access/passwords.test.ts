import { scryptSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { PasswordRefused } from '../../access/errors.js';
import { hashPassword, verifyPassword } from '../../access/passwords.js';

const password = 'correct horse battery';

test('a password is told from another, and its hash from its hash', async () => {
  const hash = await hashPassword(password);
  expect(hash).toMatch(/^scrypt\$32768\$8\$1\$[\w-]+\$[\w-]+$/);
  expect(hash).not.toBe(await hashPassword(password));
  expect(await verifyPassword(password, hash)).toEqual({ ok: true });
  expect(await verifyPassword(`${password} `, hash)).toEqual({ ok: false });
});

test('a password is the same however the keyboard composes its letters', async () => {
  const hash = await hashPassword('u\u0308ber den Bergen');
  expect((await verifyPassword('\u00fcber den Bergen', hash)).ok).toBe(true);
});

test('a hash of weaker parameters still works, and is renewed', async () => {
  const salt = Buffer.alloc(16, 3);
  const key = scryptSync(password, salt, 32, { N: 1_024, r: 8, p: 1 });
  const weak = `scrypt$1024$8$1$${salt.toString('base64url')}$${key.toString('base64url')}`;
  const { ok, renewed } = await verifyPassword(password, weak);
  expect(ok).toBe(true);
  expect(await verifyPassword(password, renewed)).toEqual({ ok: true });
  expect(await verifyPassword('something else', weak)).toEqual({ ok: false });
});

test.each([null, undefined, '', 'plain text', 'scrypt$1$1', 'scrypt$1024$8$1$AAAA$AAAA'])(
  'no password is right for the hash %j',
  async (hash) => {
    expect(await verifyPassword('', hash)).toEqual({ ok: false });
  },
);

test.each(['', 'elevenchars', '表'.repeat(11), 'x'.repeat(1_025)])(
  'the password %j is refused with the reason',
  async (bad) => {
    const refused = hashPassword(bad);
    await expect(refused).rejects.toThrow(PasswordRefused);
    await expect(refused).rejects.toMatchObject({ code: 'PASSWORD_REFUSED', message: /at least 12/ });
  },
);
