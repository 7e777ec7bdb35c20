/** How a command ends, for scripts. Documented in README.md. */
export const EXIT = { ok: 0, failure: 1, usage: 2, partial: 3, interrupted: 130 } as const;

/** A failure told to the person at the terminal: what went wrong and what to do. Holds no secret. */
export class CliError extends Error {
  readonly code: string;
  readonly remedy: string | undefined;
  readonly exitCode: number;

  constructor(code: string, message: string, remedy?: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'CliError';
    this.code = code;
    this.remedy = remedy;
    this.exitCode = options.exitCode ?? EXIT.failure;
  }
}

/** The command was asked for something it cannot be asked for. */
export class UsageError extends CliError {
  constructor(message: string, remedy?: string) {
    super('USAGE', message, remedy, { exitCode: EXIT.usage });
    this.name = 'UsageError';
  }
}
