/**
 * What has to be true before anything of the project can run: a Node that is new enough, the dependencies, the build.
 * Plain JavaScript without dependencies, since it runs when there are none yet.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { withLock } from './lock.mjs';
import { stage } from './stage.mjs';

/** The directory of package.json. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

const OLDEST_NODE = [20, 19, 0];
/** Folders that hold what runs: the rest (tests, benchmarks, documents) never needs a build. */
const BUILT = [
  'access',
  'activities',
  'api',
  'catalog',
  'cli',
  'connectors',
  'db',
  'describe',
  'lineage',
  'orchestrator',
  'search',
  'worker',
  'workflows',
];

/** A failure that the person at the terminal can do something about. */
export class SetUpError extends Error {}

/**
 * Throws when this Node is older than what the packages need.
 * @param {string} version as in `process.versions.node`
 */
export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0, wantedPatch = 0] = OLDEST_NODE;
  const newEnough =
    major > wantedMajor ||
    (major === wantedMajor && (minor > wantedMinor || (minor === wantedMinor && patch >= wantedPatch)));
  if (newEnough) return;
  throw new SetUpError(
    `Datamap needs Node ${OLDEST_NODE.join('.')} or newer; this is Node ${version}.\n` +
      'Install a current Node from https://nodejs.org, or with a version manager: nvm install --lts',
  );
}

/**
 * Installs what package-lock.json names, when that has not been done since it changed.
 * @param {string} root
 * @returns {Promise<boolean>} whether anything had to be installed
 */
export async function ensureDependencies(root = ROOT) {
  return withLock(root, async () => {
    if (!installNeeded(root)) return false;
    await stage('Installing dependencies', () =>
      run(
        process.platform === 'win32' ? 'npm.cmd' : 'npm',
        ['ci', '--no-audit', '--no-fund', '--include=dev'],
        root,
        'The dependencies could not be installed. Check that the package registry can be reached (npm ping), then start again.',
      ),
    );
    writeFileSync(installStamp(root), digest(join(root, 'package-lock.json')));
    return true;
  });
}

/**
 * Whether node_modules is missing or was made for another package-lock.json.
 * @param {string} root
 */
export function installNeeded(root) {
  const modules = join(root, 'node_modules');
  if (!existsSync(join(modules, '.package-lock.json'))) return true;
  // A linked directory is somebody else's to keep: `npm ci` would empty it.
  if (lstatSync(modules).isSymbolicLink()) return false;
  const lock = join(root, 'package-lock.json');
  if (existsSync(installStamp(root))) return readFileSync(installStamp(root), 'utf8') !== digest(lock);
  // Installed by hand: npm writes its own record last.
  return statSync(join(modules, '.package-lock.json')).mtimeMs < statSync(lock).mtimeMs;
}

/**
 * Compiles to dist/, copies what is not compiled, and bundles the workflows, when a source changed since the last time.
 * @param {string} root
 * @returns {Promise<boolean>} whether anything had to be built
 */
export async function ensureBuild(root = ROOT) {
  return withLock(root, async () => {
    const wanted = sourcesStamp(root);
    const stampFile = join(root, 'dist', '.built');
    if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return false;
    rmSync(stampFile, { force: true });
    await stage('Building', async () => {
      await compile(root);
      copyUncompiled(root);
    });
    const bundler = join(root, 'dist', 'worker', 'build-bundle.js');
    if (existsSync(bundler))
      await stage('Bundling workflows', () =>
        run(process.execPath, [bundler], root, 'The workflows could not be bundled.'),
      );
    mkdirSync(dirname(stampFile), { recursive: true });
    writeFileSync(stampFile, wanted);
    return true;
  });
}

/**
 * Changes whenever a file that goes into the build does: path, size and time of change of each.
 * @param {string} root
 */
export function sourcesStamp(root) {
  const hash = createHash('sha256');
  const files = ['package-lock.json', 'tsconfig.json'].map((name) => join(root, name));
  for (const folder of BUILT) files.push(...filesUnder(join(root, folder)));
  for (const file of files.filter((candidate) => existsSync(candidate)).sort()) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(root, file)}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/**
 * Strips the types, file by file, which takes a tenth of a second where checking them takes ten. What is checked in has
 * been checked: npm run check.
 * @param {string} root
 */
async function compile(root) {
  const { build, stop } = await import(pathToFileURL(join(root, 'node_modules', 'esbuild', 'lib', 'main.js')).href);
  try {
    await build({
      entryPoints: BUILT.flatMap((folder) => filesUnder(join(root, folder))).filter((file) => extname(file) === '.ts'),
      absWorkingDir: root,
      outdir: join(root, 'dist'),
      outbase: root,
      platform: 'node',
      format: 'esm',
      target: `node${OLDEST_NODE.join('.')}`,
      sourcemap: true,
      logLevel: 'silent',
    });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    if (isDiskFull(said)) throw diskFull(root, said);
    throw new SetUpError(
      `The sources cannot be built. If you did not change them, get a clean copy: git status, then git stash.\n\n${said}`,
    );
  } finally {
    // Its compiler is a process of its own, which would stay as long as the start that follows does.
    await stop();
  }
}

/** Pages, styles and SQL are read at run time beside the compiled file that names them. */
function copyUncompiled(/** @type {string} */ root) {
  for (const folder of BUILT) {
    for (const file of filesUnder(join(root, folder))) {
      if (['.ts', '.mjs', '.md'].includes(extname(file))) continue;
      cpSync(file, join(root, 'dist', relative(root, file)));
    }
  }
}

/** @returns {string[]} */
function filesUnder(/** @type {string} */ directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

const installStamp = (/** @type {string} */ root) => join(root, 'node_modules', '.installed-lock');

const digest = (/** @type {string} */ file) => createHash('sha256').update(readFileSync(file)).digest('hex');

/**
 * Runs a program to its end, quietly; what it said is shown only when it fails.
 * @param {string} program
 * @param {string[]} args
 * @param {string} cwd
 * @param {string} remedy
 * @returns {Promise<void>}
 */
async function run(program, args, cwd, remedy) {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], shell: program.endsWith('.cmd') });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said = (said + chunk).slice(-100_000);
    });
  const code = await new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (status, signal) => done(status ?? signal));
  });
  if (code === 0) return;
  // npm says the cause first and adds a page about its options.
  const all = said.trim().split('\n');
  const lines = (all.length <= 30 ? all : [...all.slice(0, 20), '...', ...all.slice(-5)]).join('\n');
  throw isDiskFull(said) ? diskFull(cwd, lines) : new SetUpError(`${remedy}\n\n${lines}`);
}

const isDiskFull = (/** @type {string} */ said) => /ENOSPC|no space left on device/i.test(said);

function diskFull(/** @type {string} */ directory, /** @type {string} */ said) {
  return new SetUpError(`The disk that holds ${directory} is full. Free about 1 GB there and start again.\n\n${said}`);
}

/**
 * Shows a failure as one message and ends. What is not foreseen keeps its stack, since that is a defect to report.
 * @param {unknown} error
 * @returns {never}
 */
export function giveUp(error) {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (error instanceof SetUpError) console.error(`\n${error.message}`);
  else if (code === 'ENOSPC') console.error('\nThe disk is full. Free about 1 GB and start again.');
  else if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    console.error(
      `\n${String(error)}\nRun this as the owner of ${ROOT}, or move the project to a directory of your own.`,
    );
  else console.error(error);
  process.exit(1);
}
