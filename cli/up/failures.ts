import { NoTemporalBinary } from '../embedded/temporal-binary.js';
import { CliError } from '../errors.js';
import { diskFull } from './data-directory-check.js';

/** Says a failure of a start as one message with what to do, where it is one that can be foreseen. */
export function foreseen(error: unknown, dataDirectory: string): unknown {
  if (error instanceof CliError || !(error instanceof Error)) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || /no space left on device/i.test(error.message)) return diskFull(dataDirectory);
  if (error instanceof NoTemporalBinary) return new CliError(error.code, error.message);
  if (code === 'POSTGRES_START_FAILED') return new CliError(code, error.message, undefined, { cause: error });
  if (code === '3D000' || code === '28P01' || code === '28000' || code === 'ECONNREFUSED' || code === 'ENOTFOUND')
    return new CliError(
      'DATABASE_UNAVAILABLE',
      `The catalog database cannot be used: ${error.message}.`,
      'Check DATABASE_URL, or leave it out to use the embedded PostgreSQL.',
      { cause: error },
    );
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new CliError(
      'NOT_PERMITTED',
      `${error.message}.`,
      `Make ${dataDirectory} and what is in it belong to this account, or choose another --data-dir.`,
      { cause: error },
    );
  return error;
}
