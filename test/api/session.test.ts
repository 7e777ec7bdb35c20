import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLoginLink } from '../../access/login-links.js';
import { updatePerson } from '../../access/people.js';
import { ATTEMPTS } from '../../api/login-limits.js';
import { type ApiUnderTest, type Caller, PASSWORD, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let person: Caller;

beforeAll(async () => {
  api = await startApi();
  person = await api.person('Reader');
  await updatePerson(api.database, person.personId, { password: PASSWORD });
});

afterAll(() => api.stop());

const signIn = (body: object, headers: Record<string, string> = {}) => api.call('POST', '/session', { body, headers });
const cookieOf = (answer: { headers: Headers }) => answer.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';

describe('signing in with a password', () => {
  it('sets a cookie that scripts cannot read and other sites do not send', async () => {
    const answer = await signIn({ email: person.email.toUpperCase(), password: PASSWORD });
    expect(answer.status).toBe(201);
    expect(answer.body.person).toMatchObject({ id: person.personId });
    expect(answer.headers.getSetCookie()[0]).toMatch(
      /^datamap_session_8080=[\w-]{43}; Path=\/; Expires=.*; HttpOnly; SameSite=Lax$/,
    );
    const me = await api.call('GET', '/me', { headers: { cookie: cookieOf(answer) } });
    expect(me.body.person.id).toBe(person.personId);
  });

  it('says the same for a wrong password and for an unknown address', async () => {
    const [wrong, unknown] = [
      await signIn({ email: person.email, password: 'not the password' }),
      await signIn({ email: 'nobody@example.com', password: 'not the password' }),
    ];
    expect([wrong.status, wrong.body.code, wrong.body.detail]).toEqual([401, 'SIGN_IN_FAILED', unknown.body.detail]);
  });

  it('is refused from a page of another site', async () => {
    const answer = await signIn({ email: person.email, password: PASSWORD }, { origin: 'https://evil.example' });
    expect(answer).toMatchObject({ status: 403, body: { code: 'CROSS_SITE_REQUEST' } });
  });

  it('ends the session that the browser had before', async () => {
    const first = cookieOf(await signIn({ email: person.email, password: PASSWORD }));
    await signIn({ email: person.email, password: PASSWORD }, { cookie: first });
    expect((await api.call('GET', '/me', { headers: { cookie: first } })).status).toBe(401);
  });
});

describe('signing in with a link', () => {
  it('works once', async () => {
    const { secret } = await createLoginLink(api.database, person.personId);
    const first = await api.call('POST', '/session/link', { body: { link: secret } });
    const second = await api.call('POST', '/session/link', { body: { link: secret } });
    expect([first.status, second.status, second.body.code]).toEqual([201, 401, 'LOGIN_LINK_INVALID']);
  });

  it('is made by an admin, with the secret behind the # of the address', async () => {
    const admin = await api.person('Admin', { tenant: 'admin' });
    const made = await api.call('POST', `/people/${person.personId}/login-links`, { as: admin });
    expect(made.body.url).toMatch(/^http:\/\/localhost:8080\/login#[\w-]{43}$/);
    const link = made.body.url.split('#')[1];
    expect((await api.call('POST', '/session/link', { body: { link } })).status).toBe(201);
  });
});

describe('a session by cookie', () => {
  const change = (headers: Record<string, string>) => api.call('POST', '/tokens', { body: { name: 'mine' }, headers });

  it('changes nothing for a request that may come from another site', async () => {
    const cookie = cookieOf(await signIn({ email: person.email, password: PASSWORD }));
    expect(await change({ cookie })).toMatchObject({ status: 403, body: { code: 'CROSS_SITE_REQUEST' } });
    expect((await change({ cookie, origin: 'https://evil.example' })).status).toBe(403);
    expect((await change({ cookie, origin: api.url })).status).toBe(201);
    expect((await change({ cookie, origin: 'http://localhost:8080' })).status).toBe(201);
    expect((await change({ cookie, 'x-datamap-csrf': '1' })).status).toBe(201);
  });

  it('ends with signing out', async () => {
    const cookie = cookieOf(await signIn({ email: person.email, password: PASSWORD }));
    const out = await api.call('DELETE', '/session', { headers: { cookie, 'x-datamap-csrf': '1' } });
    expect(out.status).toBe(204);
    expect((await api.call('GET', '/me', { headers: { cookie } })).status).toBe(401);
  });
});

it('makes tokens that work, shows them once, and lets them be withdrawn', async () => {
  const made = await api.call('POST', '/tokens', { as: person, body: { name: 'script', expiresInDays: 30 } });
  expect(made.status).toBe(201);
  const bearer = { authorization: `Bearer ${made.body.token}` };
  expect((await api.call('GET', '/me', { headers: bearer })).status).toBe(200);
  const listed = await api.call('GET', '/tokens', { as: person });
  expect(listed.text).not.toContain(made.body.token);
  expect((await api.call('DELETE', `/tokens/${made.body.id}`, { as: person })).status).toBe(204);
  const after = await api.call('GET', '/me', { headers: bearer });
  expect(after).toMatchObject({ status: 401, body: { code: 'NOT_SIGNED_IN' } });
  expect(after.headers.get('www-authenticate')).toMatch(/^Bearer/);
});

it('marks the cookie Secure and bound to the host where people come by https', async () => {
  const secure = await startApi({ config: { publicUrl: new URL('https://datamap.example.com') } });
  try {
    const { personId, email } = await secure.person('Reader');
    await updatePerson(secure.database, personId, { password: PASSWORD });
    const answer = await secure.call('POST', '/session', { body: { email, password: PASSWORD } });
    expect(answer.headers.getSetCookie()[0]).toMatch(
      /^__Host-datamap_session=.*; Path=\/; .*; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(answer.headers.get('strict-transport-security')).toMatch(/^max-age=/);
  } finally {
    await secure.stop();
  }
});

it('stops guessing at an account after ten failures, whatever the address, and says when to come back', async () => {
  const guarded = await startApi({ config: { trustedProxies: 1 } });
  try {
    const { email } = await guarded.person('Target');
    const guess = (from: string) =>
      guarded.call('POST', '/session', { body: { email, password: 'guess' }, headers: { 'x-forwarded-for': from } });
    for (let attempt = 0; attempt < ATTEMPTS.account; attempt += 1)
      expect((await guess(`192.0.2.${attempt}`)).status).toBe(401);
    const refused = await guess('192.0.2.200');
    expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_ATTEMPTS' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(60);
    const other = await guarded.call('POST', '/session', { body: { email: 'other@example.com', password: 'guess' } });
    expect(other.status).toBe(401);
  } finally {
    await guarded.stop();
  }
});
