import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Extraction, ExtractionTask, TableName } from '../sql/statement-lineage.js';

/** A text to read; with `columns`, those of the tables it names, at column level too. */
export interface ReadTask extends ExtractionTask {
  columns?: (readonly [TableName, readonly string[]])[];
}

/**
 * What a process says: that texts may come; that it loads what the text in its hands needs, which is not the text's time, and
 * that it has; or what it read.
 */
export type Answer = 'ready' | 'loading' | 'loaded' | Extraction;

/** What a statement may take. Milliseconds. */
const MOST_TIME = 2_000;
/** A process that is not ready by then never will be. Milliseconds. */
const MOST_START = 60_000;
/** A process that had nothing to do for this long gives its memory back. Milliseconds. */
const MOST_IDLE = 10_000;
/** Texts that wait before another process is worth its start of half a second and its 75 MB. */
const WORTH_ANOTHER = 500;

const PROGRAM = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './from-source.mjs' : './read-process.js', import.meta.url),
);
/** The heap of a process, in MB; the parser's own memory comes on top. */
const HEAP = ['--max-old-space-size=512', '--max-semi-space-size=2'];
/**
 * One arena for all threads; and what is large is given back when it is freed. Left alone, glibc raises the threshold to the size
 * of the parser's code when that is freed for the first time, and what is smaller lies scattered over a heap that does not shrink.
 */
const ALLOCATION = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '131072' };

interface Waiting {
  task: ReadTask;
  done(extraction: Extraction): void;
}

interface Reading {
  child: ChildProcess;
  /** What it reads now. */
  current: Waiting | undefined;
  ready: boolean;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Reads statements in processes of its own, so that one which takes the parser too long, or more memory than there is,
 * holds up nobody and harms nobody: its process is killed, another takes its place, and the statement comes back as
 * unparsed with the reason. Processes start when there is something to read, end when there was nothing for a while, do not
 * keep the program alive, and know nothing of its environment.
 */
export class StatementReader {
  private readonly processes = new Set<Reading>();
  private readonly waiting: Waiting[] = [];
  private closed = false;

  /** @param options.processes most of them at a time; `mostTime` is for one statement, `mostIdle` for none, in ms */
  constructor(private readonly options: { processes?: number; mostTime?: number; mostIdle?: number } = {}) {}

  /** Reads the texts side by side; answers in their order. What cannot be read is an answer, never an error. */
  readAll(tasks: readonly ReadTask[]): Promise<Extraction[]> {
    return Promise.all(tasks.map((task) => this.read(task)));
  }

  read(task: ReadTask): Promise<Extraction> {
    return new Promise((done) => {
      if (this.closed) return done(unparsed(task, 'the reader is closed'));
      this.waiting.push({ task, done });
      this.handOut();
    });
  }

  /** The ids of the processes that run now. */
  processIds(): number[] {
    return [...this.processes].flatMap(({ child }) => child.pid ?? []);
  }

  /** Ends every process; what is being read or waits comes back as unparsed. */
  async close(): Promise<void> {
    this.closed = true;
    const left = [...this.waiting.splice(0), ...[...this.processes].flatMap(({ current }) => current ?? [])];
    for (const { task, done } of left) done(unparsed(task, 'the reader was closed'));
    const ended = [...this.processes].map(({ child, timer }) => {
      clearTimeout(timer);
      return new Promise<void>((done) => {
        child.once('exit', () => done());
        child.kill('SIGKILL');
      });
    });
    this.processes.clear();
    await Promise.all(ended);
  }

  private handOut(): void {
    for (const reading of this.processes) {
      if (!reading.ready || reading.current !== undefined) continue;
      clearTimeout(reading.timer);
      const next = this.waiting.shift();
      if (next === undefined) {
        reading.timer = setTimeout(() => this.end(reading, 'its process was idle'), this.options.mostIdle ?? MOST_IDLE);
        reading.timer.unref();
        continue;
      }
      reading.current = next;
      reading.timer = this.endAfter(reading, this.options.mostTime ?? MOST_TIME);
      reading.child.send(next.task);
    }
    const wanted = this.waiting.length === 0 ? 0 : 1 + Math.floor(this.waiting.length / WORTH_ANOTHER);
    while (this.processes.size < Math.min(wanted, this.options.processes ?? 2)) this.start();
  }

  private start(): void {
    const child = fork(PROGRAM, {
      execArgv: HEAP,
      env: ALLOCATION,
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child.unref();
    child.channel?.unref();
    const reading: Reading = { child, current: undefined, ready: false, timer: undefined };
    reading.timer = this.endAfter(reading, MOST_START);
    this.processes.add(reading);
    child.on('message', (answer: Answer) => {
      clearTimeout(reading.timer);
      if (answer === 'loading') {
        reading.timer = this.endAfter(reading, MOST_START);
        return;
      }
      if (answer === 'loaded') {
        reading.timer = this.endAfter(reading, this.options.mostTime ?? MOST_TIME);
        return;
      }
      if (answer === 'ready') reading.ready = true;
      else {
        const { current } = reading;
        reading.current = undefined;
        current?.done(answer);
      }
      this.handOut();
    });
    child.on('error', (error) => this.end(reading, `its process ended: ${error.message}`));
    child.on('exit', () => this.end(reading, 'its process ended'));
  }

  private endAfter(reading: Reading, ms: number): NodeJS.Timeout {
    return setTimeout(() => this.end(reading, `took longer than ${ms / 1_000} s`, true), ms);
  }

  private end(reading: Reading, reason: string, outOfTime = false): void {
    if (!this.processes.delete(reading)) return;
    clearTimeout(reading.timer);
    reading.child.kill('SIGKILL');
    // One that could not even start has nothing in hand: whoever is next learns it, else it would be tried for ever.
    const told = reading.ready ? reading.current : this.waiting.shift();
    told?.done(unparsed(told.task, reason, outOfTime));
    this.handOut();
  }
}

function unparsed({ sql }: ReadTask, reason: string, outOfTime = false): Extraction {
  return { statements: [], unparsed: [{ sql, reason, ...(outOfTime ? { outOfTime } : {}) }] };
}
