import type { Database } from '../../db/database.js';
import { isForeignKeyViolation } from '../../db/violations.js';
import { createRedactor, type Redactor } from './redact.js';
import { appendRunLog, type LogEntry, type LogLevel } from './run-log.js';

const FLUSH_EVERY_MS = 500;
const FLUSH_LINES = 200;
/** While the catalog cannot be reached lines wait in memory; past this many the oldest go. */
const MOST_WAITING = 5_000;

/**
 * Writes a run's log from one step of it. Lines are masked at once, kept in memory for half a second or 200 lines, and
 * written in order. A log that cannot be written never fails the step: the lines are tried again with the next.
 */
export class RunLogger {
  private waiting: (LogEntry & { happened: number })[] = [];
  private dropped = 0;
  private leading: (() => void) | undefined;
  private secrets: string[];
  private redactor: Redactor;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private closed = false;

  /**
   * @param options.unit the unit that this step works on
   * @param options.secrets values to mask wherever they turn up
   * @param options.onError told when lines could not be written
   */
  constructor(
    private readonly database: Database,
    private readonly runId: string,
    private readonly options: { unit?: number; secrets?: readonly string[]; onError?: (error: unknown) => void } = {},
  ) {
    this.secrets = [...(options.secrets ?? [])];
    this.redactor = createRedactor(this.secrets);
  }

  /** Masks these too from now on, e.g. once a source's credentials are resolved. */
  addSecrets(secrets: readonly string[]): void {
    this.secrets.push(...secrets);
    this.redactor = createRedactor(this.secrets);
  }

  /** Keeps a line for as long as nothing else is said: it goes before the next one, and is lost when none comes. */
  lead(level: LogLevel, step: string, message: string, fields?: Record<string, unknown>): void {
    const now = performance.now();
    this.leading = () => this.add(level, step, message, fields, now);
  }

  debug(step: string, message: string, fields?: Record<string, unknown>): void {
    this.add('debug', step, message, fields);
  }

  info(step: string, message: string, fields?: Record<string, unknown>): void {
    this.add('info', step, message, fields);
  }

  warn(step: string, message: string, fields?: Record<string, unknown>): void {
    this.add('warn', step, message, fields);
  }

  error(step: string, message: string, fields?: Record<string, unknown>): void {
    this.add('error', step, message, fields);
  }

  /** Returns when every line so far is written, or could not be. Never throws. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  /** Writes what waits, and takes no more lines. */
  async close(): Promise<void> {
    this.closed = true;
    await this.flush();
  }

  private add(
    level: LogLevel,
    step: string,
    message: string,
    fields: Record<string, unknown> | undefined,
    happened = performance.now(),
  ): void {
    if (this.closed) return;
    const lead = this.leading;
    this.leading = undefined;
    lead?.();
    this.waiting.push({
      happened,
      level,
      step,
      ...(this.options.unit === undefined ? {} : { unit: this.options.unit }),
      message: this.redactor.text(message),
      ...(fields === undefined ? {} : { fields: this.redactor.value(fields) as Record<string, unknown> }),
    });
    if (this.waiting.length > MOST_WAITING) {
      this.waiting.shift();
      this.dropped += 1;
    }
    if (this.waiting.length % FLUSH_LINES === 0) void this.flush();
    else if (this.timer === undefined) this.timer = setTimeout(() => void this.flush(), FLUSH_EVERY_MS).unref();
  }

  private async write(): Promise<void> {
    if (this.waiting.length === 0) return;
    const lines = this.waiting;
    const dropped = this.dropped;
    this.waiting = [];
    this.dropped = 0;
    const note: LogEntry[] =
      dropped === 0
        ? []
        : [{ level: 'warn', step: 'log', message: `${dropped} lines were lost while the log could not be written` }];
    try {
      // Their age and not their time: a machine's clock may be wrong, and lines of several workers are read together.
      const aged = lines.map(({ happened, ...line }) => ({ ...line, age: performance.now() - happened }));
      await appendRunLog(this.database, this.runId, [...note, ...aged]);
    } catch (error) {
      this.options.onError?.(error);
      // The run's row is gone with its crawler: nobody will read these lines.
      if (isForeignKeyViolation(error)) return;
      const kept = [...lines, ...this.waiting].slice(-MOST_WAITING);
      this.dropped += dropped + lines.length + this.waiting.length - kept.length;
      this.waiting = kept;
      if (!this.closed) this.timer ??= setTimeout(() => void this.flush(), FLUSH_EVERY_MS).unref();
    }
  }
}
