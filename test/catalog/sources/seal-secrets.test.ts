import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SecretKeyInvalid, SecretUnavailable } from '../../../catalog/sources/errors.js';
import { openSecrets, parseSecretKey, sealedNames, sealSecrets } from '../../../catalog/sources/seal-secrets.js';

const key = randomBytes(32);
const secrets = { password: 'hunter2 表', token: '' };

test('what was sealed is opened with the same key for the same data source', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string()), (anything) => {
      expect(openSecrets(key, 'one', sealSecrets(key, 'one', anything))).toEqual(anything);
    }),
  );
});

test('a seal shows the names and never the values', () => {
  const sealed = sealSecrets(key, 'one', secrets);
  expect(sealedNames(sealed)).toEqual(['password', 'token']);
  expect(sealedNames(null)).toEqual([]);
  expect(sealed.toString('latin1')).not.toContain('hunter2');
});

test('sealing twice gives two seals', () => {
  expect(sealSecrets(key, 'one', secrets).equals(sealSecrets(key, 'one', secrets))).toBe(false);
});

test('a seal with any bit changed, cut short or lengthened is not opened', () => {
  const sealed = sealSecrets(key, 'one', secrets);
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const altered = Buffer.from(sealed);
    altered.writeUInt8((altered[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3);
    expect(() => openSecrets(key, 'one', altered)).toThrow(SecretUnavailable);
  }
  for (let length = 0; length < sealed.length; length += 1)
    expect(() => openSecrets(key, 'one', sealed.subarray(0, length))).toThrow(SecretUnavailable);
  expect(() => openSecrets(key, 'one', Buffer.concat([sealed, Buffer.of(0)]))).toThrow(SecretUnavailable);
});

test('a seal moved to another data source is not opened', () => {
  expect(() => openSecrets(key, 'two', sealSecrets(key, 'one', secrets))).toThrow(/altered/);
});

test('another key is told apart from tampering', () => {
  expect(() => openSecrets(randomBytes(32), 'one', sealSecrets(key, 'one', secrets))).toThrow(/another key/);
});

test('the key is read as hex or base64, and nothing else', () => {
  expect(parseSecretKey(key.toString('hex'))).toEqual(key);
  expect(parseSecretKey(` ${key.toString('base64')}\n`)).toEqual(key);
  for (const wrong of ['', 'secret', key.toString('hex').slice(2), randomBytes(31).toString('base64')])
    expect(() => parseSecretKey(wrong)).toThrow(SecretKeyInvalid);
});
