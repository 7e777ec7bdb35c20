import { hostname } from 'node:os';
import type { Command } from 'commander';
import { CliError, UsageError } from '../errors.js';
import { request } from '../server/client.js';
import { cleanUrl } from '../server/find-server.js';
import { keepLogin } from '../server/logins.js';
import { ask, askSecret } from '../terminal/ask.js';
import { printJson, printLine } from '../terminal/output.js';

interface LoginOptions {
  url?: string;
  email?: string;
  json?: boolean;
}

export function loginCommand(program: Command): void {
  program
    .command('login')
    .description('sign in to a Datamap and keep a token for it; the password is asked for, or read from standard input')
    .option('--url <url>', 'address of the Datamap (or DATAMAP_URL)')
    .option('--email <email>', 'whom to sign in')
    .option('--json', 'answer in JSON')
    .action(login);
}

async function login(options: LoginOptions): Promise<void> {
  const given = options.url ?? process.env['DATAMAP_URL'];
  if (given === undefined || given === '')
    throw new UsageError('Which Datamap?', 'datamap login --url https://datamap.example');
  const url = cleanUrl(given);
  if (options.email === undefined && process.stdin.isTTY !== true)
    throw new UsageError('Whom to sign in?', 'Pass --email, and the password on standard input.');
  const email = options.email ?? (await ask('E-mail: '));
  const password = await askSecret('Password: ');
  const cookie = await signIn(url, email, password);
  // The session only serves to get a token, which can be taken back by itself.
  const token = await makeToken(url, cookie);
  await request(url, 'DELETE', '/api/v1/session', withSession(cookie));
  keepLogin({ url, token, email });
  if (options.json === true) printJson({ url, email });
  else printLine(`Signed in to ${url} as ${email}.`);
}

async function signIn(url: string, email: string, password: string): Promise<string> {
  const response = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ email, password }),
    redirect: 'error',
    signal: AbortSignal.timeout(30_000),
  }).catch((error: unknown) => {
    throw new CliError('SERVER_UNREACHABLE', `${url} cannot be reached.`, 'Check the address.', { cause: error });
  });
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
  if (response.ok && cookies.length > 0) return cookies.join('; ');
  const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string; remedy?: string };
  throw new CliError(
    problem.code ?? 'NOT_SIGNED_IN',
    problem.detail ?? `${url} answered ${response.status}, and not as a Datamap does.`,
    problem.remedy ?? 'Check the address, the e-mail and the password.',
  );
}

async function makeToken(url: string, cookie: string): Promise<string> {
  const answer = await request(url, 'POST', '/api/v1/tokens', withSession(cookie), {
    name: `datamap on ${hostname()}`,
  });
  return (answer as { token: string }).token;
}

/** With the header that shows that no foreign page sends it. */
const withSession = (cookie: string) => ({
  cookie,
  'x-datamap-csrf': '1',
  'content-type': 'application/json',
  accept: 'application/json',
});
