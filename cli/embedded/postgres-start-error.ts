/** Thrown when the server cannot be initialised or started; the message ends with the server's own last words. */
export class PostgresStartError extends Error {
  readonly code = 'POSTGRES_START_FAILED';

  constructor(message: string) {
    super(message);
    this.name = 'PostgresStartError';
  }
}
