import { accessSync, chmodSync, constants, mkdirSync, statfsSync } from 'node:fs';
import type { Layout } from '../data-directory.js';
import { CliError } from '../errors.js';

/** Bytes below which a start is refused: PostgreSQL's first cluster and its log take about 200 MB. */
const LEAST_FREE = 300 * 1024 * 1024;

/**
 * Makes the data directory when it is missing, and proves that it can be used.
 * @throws CliError DATA_DIRECTORY or DISK_FULL
 */
export function prepareDataDirectory(layout: Layout): void {
  // The account that root lends to PostgreSQL passes through it; what is secret in it is closed by itself.
  const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
  try {
    mkdirSync(layout.root, { recursive: true, mode });
    chmodSync(layout.root, mode);
    mkdirSync(layout.logs, { recursive: true, mode: 0o700 });
    accessSync(layout.root, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC') throw diskFull(layout.root);
    throw new CliError(
      'DATA_DIRECTORY',
      `The data directory ${layout.root} cannot be used: ${message}.`,
      'Choose another with --data-dir, or make it writable for this account.',
      { cause: error },
    );
  }
  const { bavail, bsize } = statfsSync(layout.root);
  if (bavail * bsize < LEAST_FREE) throw diskFull(layout.root, bavail * bsize);
}

/** @param free bytes, where known */
export function diskFull(path: string, free?: number): CliError {
  const left = free === undefined ? '' : `: ${Math.floor(free / 1024 / 1024)} MB are left`;
  return new CliError(
    'DISK_FULL',
    `The disk that holds ${path} is full${left}.`,
    'Free at least 300 MB there, or choose a directory on another disk with --data-dir. What was stored is kept.',
  );
}
