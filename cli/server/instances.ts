import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { layoutOf } from '../data-directory.js';
import { readJson, writePrivateJson } from '../private-file.js';
import { isAlive, type ProcessMark } from '../process-identity.js';
import { userDirectory } from './user-directory.js';

/** A running `datamap up`, as written in its data directory. */
export interface Instance {
  dataDirectory: string;
  url: string;
  /** An API token of the instance's first administrator. */
  token: string;
  process: ProcessMark;
}

/** Makes a running instance known to the other commands of this person on this machine. */
export function announceInstance(instance: Instance): void {
  writePrivateJson(layoutOf(instance.dataDirectory).instance, instance);
  mkdirSync(registry(), { recursive: true, mode: 0o700 });
  writePrivateJson(registryEntry(instance.dataDirectory), { dataDirectory: resolve(instance.dataDirectory) });
}

export function withdrawInstance(dataDirectory: string): void {
  rmSync(layoutOf(dataDirectory).instance, { force: true });
  rmSync(registryEntry(dataDirectory), { force: true });
}

/** The instance that runs on a data directory; nothing when none does, or it was killed. */
export function instanceAt(dataDirectory: string): Instance | undefined {
  const instance = readJson<Instance>(layoutOf(dataDirectory).instance);
  return instance !== undefined && isAlive(instance.process) ? instance : undefined;
}

/** Every instance that this person runs on this machine. */
export function runningInstances(): Instance[] {
  if (!existsSync(registry())) return [];
  return readdirSync(registry())
    .filter((name) => name.endsWith('.json'))
    .map((name) => readJson<{ dataDirectory: string }>(join(registry(), name))?.dataDirectory)
    .filter((directory) => directory !== undefined)
    .map(instanceAt)
    .filter((instance) => instance !== undefined)
    .sort((one, other) => (one.dataDirectory < other.dataDirectory ? -1 : 1));
}

const registry = () => join(userDirectory(), 'instances');

function registryEntry(dataDirectory: string): string {
  const name = createHash('sha256').update(resolve(dataDirectory)).digest('hex').slice(0, 16);
  return join(registry(), `${name}.json`);
}
