import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withLock } from '../../cli/bin/lock.mjs';
import { checkNode, ensureBuild, ensureDependencies, installNeeded, sourcesStamp } from '../../cli/bin/set-up.mjs';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'datamap-set-up-'));
  // One dependency, on a directory beside it: npm needs no registry for that.
  mkdirSync(join(root, 'part'));
  writeFileSync(join(root, 'part', 'package.json'), JSON.stringify({ name: 'part', version: '1.0.0' }));
  const dependencies = { part: 'file:part' };
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name: 'fake', version: '1.0.0', dependencies }));
  const packages = {
    '': { name: 'fake', version: '1.0.0', dependencies },
    'node_modules/part': { resolved: 'part', link: true },
    part: { version: '1.0.0' },
  };
  writeFileSync(
    join(root, 'package-lock.json'),
    JSON.stringify({ name: 'fake', version: '1.0.0', lockfileVersion: 3, requires: true, packages }),
  );
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** As if somebody had run npm by hand. */
function installed(): void {
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(join(root, 'node_modules', '.package-lock.json'), '{}');
}

it('refuses a Node that is too old and says which one is needed', () => {
  for (const version of ['18.20.4', '20.18.3'])
    expect(() => checkNode(version)).toThrow(/needs Node 20\.19\.0 or newer/);
  for (const version of ['20.19.0', '20.20.2', '22.1.0', '24.0.0']) expect(() => checkNode(version)).not.toThrow();
});

it('installs when nothing is installed, and not a second time', async () => {
  expect(installNeeded(root)).toBe(true);
  expect(await ensureDependencies(root)).toBe(true);
  expect(existsSync(join(root, 'node_modules', 'part', 'package.json'))).toBe(true);
  expect(await ensureDependencies(root)).toBe(false);
});

it('installs again when package-lock.json changes', async () => {
  await ensureDependencies(root);
  expect(installNeeded(root)).toBe(false);
  appendFileSync(join(root, 'package-lock.json'), '\n');
  expect(installNeeded(root)).toBe(true);
});

it('takes an installation made by hand for what it is, by its age', () => {
  installed();
  expect(installNeeded(root)).toBe(false);
  const past = new Date(Date.now() - 3_600_000);
  utimesSync(join(root, 'node_modules', '.package-lock.json'), past, past);
  expect(installNeeded(root)).toBe(true);
});

it('never installs into a node_modules that is a link to another', () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'datamap-modules-'));
  writeFileSync(join(elsewhere, '.package-lock.json'), '{}');
  const past = new Date(Date.now() - 3_600_000);
  utimesSync(join(elsewhere, '.package-lock.json'), past, past);
  symlinkSync(elsewhere, join(root, 'node_modules'));
  expect(installNeeded(root)).toBe(false);
  rmSync(elsewhere, { recursive: true });
});

it('shows what npm said when it fails, with what to do', async () => {
  writeFileSync(join(root, 'package-lock.json'), 'not json');
  await expect(ensureDependencies(root)).rejects.toThrow(/could not be installed[\s\S]*npm/);
  expect(installNeeded(root)).toBe(true);
});

it('builds when a source changed and only then, and copies what is not compiled', async () => {
  mkdirSync(join(root, 'api', 'landing'), { recursive: true });
  writeFileSync(join(root, 'api', 'main.ts'), 'export const answer: number = 42;\n');
  writeFileSync(join(root, 'api', 'landing', 'index.html'), '<h1>Datamap</h1>');
  symlinkSync(join(process.cwd(), 'node_modules'), join(root, 'node_modules'));
  expect(await ensureBuild(root)).toBe(true);
  expect(readFileSync(join(root, 'dist', 'api', 'main.js'), 'utf8')).toContain('answer = 42');
  expect(existsSync(join(root, 'dist', 'api', 'landing', 'index.html'))).toBe(true);
  expect(await ensureBuild(root)).toBe(false);

  const before = sourcesStamp(root);
  writeFileSync(join(root, 'api', 'main.ts'), 'export const answer: number = 43;\n\n');
  expect(sourcesStamp(root)).not.toBe(before);
  writeFileSync(join(root, 'api', 'main.ts'), 'export const answer: number = ;\n');
  await expect(ensureBuild(root)).rejects.toThrow(/cannot be built[\s\S]*main\.ts/);
  await expect(ensureBuild(root), 'a failed build is tried again').rejects.toThrow(/cannot be built/);
});

it('lets one set-up at a time into a directory', async () => {
  const order: string[] = [];
  let release = () => {};
  const first = withLock(root, async () => {
    order.push('first');
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    order.push('first ends');
  });
  const second = withLock(root, async () => void order.push('second'));
  release();
  await Promise.all([first, second]);
  expect(order).toEqual(['first', 'first ends', 'second']);
});

it('takes over the lock of a set-up that was killed', async () => {
  const script = `const { withLock } = await import(${JSON.stringify(join(process.cwd(), 'cli/bin/lock.mjs'))});
    await withLock(${JSON.stringify(root)}, async () => process.kill(process.pid, 'SIGKILL'));`;
  expect(() => execFileSync(process.execPath, ['--input-type=module', '-e', script])).toThrow();
  expect(await withLock(root, async () => 'in')).toBe('in');
});
