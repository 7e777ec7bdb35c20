import { open, realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { SecretUnavailable } from './errors.js';

/** `env:NAME` or `file:/absolute/path`. */
export const SECRET_REFERENCE = /^(?:env:[A-Za-z_][A-Za-z0-9_]{0,254}|file:\/[^\0]{1,4000})$/;
const LARGEST_FILE = 65_536;

/** What references may point at; whoever can write a reference must not be able to send the worker's own secrets away. */
export interface ReferencePolicy {
  environment: Readonly<Record<string, string | undefined>>;
  /** Names of variables that may be read; one that ends in `*` allows all that start so. */
  variables: readonly string[];
  /** Directories whose files may be read. */
  directories: readonly string[];
}

/**
 * The policy of a worker process: variables named `DATAMAP_SOURCE_...` and those in DATAMAP_SECRET_VARIABLES; files
 * under /run/secrets and in DATAMAP_SECRET_DIRECTORIES. Both lists are separated by commas.
 */
export function referencePolicy(environment: ReferencePolicy['environment'] = process.env): ReferencePolicy {
  const list = (name: string) =>
    (environment[name] ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean);
  return {
    environment,
    variables: ['DATAMAP_SOURCE_*', ...list('DATAMAP_SECRET_VARIABLES')],
    directories: ['/run/secrets', '/var/run/secrets', ...list('DATAMAP_SECRET_DIRECTORIES')],
  };
}

/** The credential a reference points at. @throws SecretUnavailable, which names the reference and never the content */
export async function resolveReference(reference: string, policy: ReferencePolicy): Promise<string> {
  if (reference.startsWith('env:')) return readVariable(reference, reference.slice(4), policy);
  if (reference.startsWith('file:')) return readSecretFile(reference, reference.slice(5), policy);
  throw new SecretUnavailable('A credential is a reference of an unknown kind', 'Write it as env:NAME or file:/path.');
}

function readVariable(reference: string, name: string, policy: ReferencePolicy): string {
  const allowed = policy.variables.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
  if (!allowed)
    throw new SecretUnavailable(
      `${reference} names a variable that credentials may not be read from`,
      'Name the variable DATAMAP_SOURCE_..., or list it in DATAMAP_SECRET_VARIABLES of the worker.',
    );
  const value = policy.environment[name];
  if (value === undefined || value === '')
    throw new SecretUnavailable(`${reference} is not set on the worker`, `Start the worker with ${name} set.`);
  return value;
}

async function readSecretFile(reference: string, path: string, policy: ReferencePolicy): Promise<string> {
  if (!isInside(resolve(path), policy.directories)) throw outsideDirectories(reference);
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw new SecretUnavailable(
      `${reference} cannot be read on the worker (${error.code ?? 'unknown error'})`,
      'Check that the file exists there and that the account of the worker may read it.',
    );
  });
  try {
    const directories = await Promise.all(
      policy.directories.map((directory) => realpath(directory).catch(() => directory)),
    );
    // Links may lead out of an allowed directory.
    if (!isInside(await realpath(path), directories)) throw outsideDirectories(reference);
    if (!(await file.stat()).isFile())
      throw new SecretUnavailable(`${reference} is not a file`, 'Point it at the file that holds the credential.');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LARGEST_FILE + 1), 0, LARGEST_FILE + 1, 0);
    if (bytesRead > LARGEST_FILE)
      throw new SecretUnavailable(
        `${reference} is larger than 64 kB`,
        'Point it at the file that holds the credential.',
      );
    const value = buffer
      .subarray(0, bytesRead)
      .toString('utf8')
      .replace(/\r?\n$/, '');
    if (value === '') throw new SecretUnavailable(`${reference} is empty`, 'Write the credential into the file.');
    return value;
  } finally {
    await file.close();
  }
}

function isInside(path: string, directories: readonly string[]): boolean {
  return directories.some((directory) => path.startsWith(resolve(directory) + sep));
}

function outsideDirectories(reference: string): SecretUnavailable {
  return new SecretUnavailable(
    `${reference} is outside the directories that credentials may be read from`,
    'Put the file under /run/secrets, or list its directory in DATAMAP_SECRET_DIRECTORIES of the worker.',
  );
}
