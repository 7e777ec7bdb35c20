import { afterAll, beforeAll, expect, test } from 'vitest';
import { LoginLinkInvalid, SignInFailed } from '../../access/errors.js';
import { createLoginLink, redeemLoginLink } from '../../access/login-links.js';
import { createPerson, updatePerson } from '../../access/people.js';
import { actorOfSession, createSession, endSession, signIn } from '../../access/sessions.js';
import { actorOfToken, createToken, listTokens, revokeToken } from '../../access/tokens.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

let people = 0;
const password = 'correct horse battery';
const person = (extra: { password?: string } = {}) => {
  people += 1;
  return createPerson(catalog.database, { email: `p${people}@example.org`, name: `P ${people}`, ...extra });
};
const everything = async () => {
  const tables = ['session', 'api_token', 'login_link', 'person'];
  const rows = await Promise.all(tables.map((table) => query(catalog.database, `SELECT t::text FROM ${table} t`)));
  return JSON.stringify(rows);
};

test('a person signs in with address and password, whatever the case of the address', async () => {
  const { id, email } = await person({ password });
  const { session, actor } = await signIn(catalog.database, {
    email: ` ${email.toUpperCase()}`,
    password,
    userAgent: 'browser',
  });
  expect(actor).toMatchObject({ personId: id, email, tenantRole: 'member' });
  expect(await actorOfSession(catalog.database, session.secret)).toEqual(actor);
  expect(session.expiresAt.getTime() - Date.now()).toBeGreaterThan(13.9 * 86_400_000);
  expect(await everything()).not.toContain(session.secret);
});

test('a wrong address, a wrong password, no password and a disabled person get the same answer', async () => {
  const [known, without, disabled] = [await person({ password }), await person(), await person({ password })];
  await updatePerson(catalog.database, disabled.id, { disabled: true });
  const refused = (email: string, attempt: string) =>
    expect(signIn(catalog.database, { email, password: attempt })).rejects.toThrow(new SignInFailed());
  await refused('nobody@example.org', password);
  await refused(known.email, 'correct horse');
  await refused(known.email, '');
  await refused(without.email, '');
  await refused(disabled.email, password);
  await refused('\0', password);
});

test('signing in renews a hash of weaker parameters', async () => {
  const { id, email } = await person();
  const weak = 'scrypt$1024$8$1$c2FsdA$';
  const { scryptSync } = await import('node:crypto');
  const key = scryptSync(password, Buffer.from('salt'), 32, { N: 1_024, r: 8, p: 1 }).toString('base64url');
  await query(catalog.database, 'UPDATE person SET password_hash = :hash WHERE id = :id', { hash: weak + key, id });
  await signIn(catalog.database, { email, password });
  const [row] = await query<{ password_hash: string }>(
    catalog.database,
    'SELECT password_hash FROM person WHERE id = ?',
    [id],
  );
  expect(row?.password_hash).toMatch(/^scrypt\$32768\$/);
  await signIn(catalog.database, { email, password });
});

test('a session lasts 14 days from its last use', async () => {
  const { id } = await person();
  const { secret } = await createSession(catalog.database, id);
  const expires = async (interval: string) =>
    query(catalog.database, `UPDATE session SET expires_at = now() + :left::interval WHERE person_id = :id`, {
      left: interval,
      id,
    });
  const left = async () => {
    const [row] = await query<{ days: number }>(
      catalog.database,
      `SELECT extract(epoch FROM expires_at - now())::float8 / 86400 AS days FROM session WHERE person_id = ?`,
      [id],
    );
    return row?.days ?? 0;
  };
  await expires('1 day');
  expect((await actorOfSession(catalog.database, secret))?.personId).toBe(id);
  expect(await left()).toBeCloseTo(14, 2);
  await expires('-1 second');
  expect(await actorOfSession(catalog.database, secret)).toBeUndefined();
  await createSession(catalog.database, id);
  expect(await query(catalog.database, 'SELECT 1 FROM session WHERE person_id = ?', [id])).toHaveLength(1);
});

test('signing out ends that session and no other', async () => {
  const { id } = await person();
  const [one, other] = [await createSession(catalog.database, id), await createSession(catalog.database, id)];
  await endSession(catalog.database, one.secret);
  await endSession(catalog.database, 'unknown');
  expect(await actorOfSession(catalog.database, one.secret)).toBeUndefined();
  expect(await actorOfSession(catalog.database, other.secret)).toBeDefined();
});

test('a person that is disabled, or whose password was changed, is signed out everywhere', async () => {
  const { id } = await person({ password });
  const session = await createSession(catalog.database, id);
  await updatePerson(catalog.database, id, { password: 'another long password' });
  expect(await actorOfSession(catalog.database, session.secret)).toBeUndefined();
  const next = await createSession(catalog.database, id);
  const { token } = await createToken(catalog.database, id, { name: 'ci' });
  const link = await createLoginLink(catalog.database, id);
  await updatePerson(catalog.database, id, { disabled: true });
  expect(await actorOfSession(catalog.database, next.secret)).toBeUndefined();
  expect(await actorOfToken(catalog.database, token)).toBeUndefined();
  await expect(redeemLoginLink(catalog.database, link.secret)).rejects.toThrow(LoginLinkInvalid);
  await updatePerson(catalog.database, id, { disabled: false });
  expect(await actorOfSession(catalog.database, next.secret)).toBeUndefined();
  expect((await actorOfToken(catalog.database, token))?.personId).toBe(id);
});

test('a token is shown once, lets its bearer in, and is revoked by its owner only', async () => {
  const [owner, other] = [await person(), await person()];
  const { token, ...shown } = await createToken(catalog.database, owner.id, { name: 'laptop' });
  expect(token).toMatch(/^dm_[\w-]{43}$/);
  expect(shown).toMatchObject({ name: 'laptop', hint: token.slice(-4), expiresAt: null, lastUsedAt: null });
  expect(await listTokens(catalog.database, owner.id)).toEqual([shown]);
  expect(await everything()).not.toContain(token);
  expect((await actorOfToken(catalog.database, token))?.personId).toBe(owner.id);
  const used = await listTokens(catalog.database, owner.id);
  expect(used[0]?.lastUsedAt).toBeInstanceOf(Date);
  await actorOfToken(catalog.database, token);
  expect(await listTokens(catalog.database, owner.id)).toEqual(used);
  await expect(revokeToken(catalog.database, other.id, shown.id)).rejects.toThrow(NotFound);
  await revokeToken(catalog.database, owner.id, shown.id);
  expect(await actorOfToken(catalog.database, token)).toBeUndefined();
});

test('a token past its end, a wrong one and a session in its place let nobody in', async () => {
  const { id } = await person();
  const { token } = await createToken(catalog.database, id, { name: 'old', expiresAt: new Date(Date.now() - 1_000) });
  const session = await createSession(catalog.database, id);
  for (const wrong of [token, `dm_${'x'.repeat(43)}`, '', session.secret, `dm_${session.secret}`])
    expect(await actorOfToken(catalog.database, wrong)).toBeUndefined();
});

test('a login link signs one request in, however many come at once', async () => {
  const { id } = await person();
  const { secret, expiresAt } = await createLoginLink(catalog.database, id);
  expect(expiresAt.getTime() - Date.now()).toBeLessThanOrEqual(15 * 60_000 + 1_000);
  expect(await everything()).not.toContain(secret);
  const requests = await Promise.allSettled(Array.from({ length: 8 }, () => redeemLoginLink(catalog.database, secret)));
  expect(requests.filter((request) => request.status === 'fulfilled')).toHaveLength(1);
  for (const request of requests)
    if (request.status === 'rejected') expect(request.reason).toBeInstanceOf(LoginLinkInvalid);
  await expect(redeemLoginLink(catalog.database, secret)).rejects.toThrow(LoginLinkInvalid);
});

test('a login link is too old after 15 minutes', async () => {
  const { id } = await person();
  const { secret } = await createLoginLink(catalog.database, id);
  await query(
    catalog.database,
    `UPDATE login_link SET expires_at = expires_at - interval '15 minutes' WHERE person_id = ?`,
    [id],
  );
  await expect(redeemLoginLink(catalog.database, secret)).rejects.toThrow(LoginLinkInvalid);
});
