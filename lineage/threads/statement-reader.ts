import { Worker } from 'node:worker_threads';
import type { Extraction, ExtractionTask, TableName } from '../sql/statement-lineage.js';

/** A text to read; with `columns`, those of the tables it names, at column level too. */
export interface ReadTask extends ExtractionTask {
  columns?: (readonly [TableName, readonly string[]])[];
}

/** What a statement may take. Milliseconds. */
const MOST_TIME = 2_000;
/** What a thread's JavaScript may hold, in MB; the parser's own memory comes on top. */
const MOST_MEMORY = 512;
/** A thread that is not ready by then never will be. Milliseconds. */
const MOST_START = 60_000;

const THREAD = new URL(import.meta.url.endsWith('.ts') ? './from-source.mjs' : './read-thread.js', import.meta.url);

interface Waiting {
  task: ReadTask;
  done(extraction: Extraction): void;
}

interface Thread {
  worker: Worker;
  /** What it reads now. */
  current: Waiting | undefined;
  ready: boolean;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Reads statements in threads of its own, so that one which takes the parser too long holds up nobody: its thread is
 * ended, another takes its place, and the statement comes back as unparsed with the reason. Threads start when there is
 * something to read and do not keep the process alive.
 */
export class StatementReader {
  private readonly threads = new Set<Thread>();
  private readonly waiting: Waiting[] = [];
  private closed = false;

  /** @param options.threads most of them at a time; `mostTime` is for one statement, in milliseconds */
  constructor(private readonly options: { threads?: number; mostTime?: number } = {}) {}

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

  /** Ends every thread; what is being read or waits comes back as unparsed. */
  async close(): Promise<void> {
    this.closed = true;
    const left = [...this.waiting.splice(0), ...[...this.threads].flatMap(({ current }) => current ?? [])];
    for (const { task, done } of left) done(unparsed(task, 'the reader was closed'));
    const workers = [...this.threads].map(({ worker, timer }) => {
      clearTimeout(timer);
      return worker.terminate();
    });
    this.threads.clear();
    await Promise.all(workers);
  }

  private handOut(): void {
    for (const thread of this.threads) {
      if (!thread.ready || thread.current !== undefined) continue;
      const next = this.waiting.shift();
      if (next === undefined) return;
      thread.current = next;
      thread.timer = this.endAfter(thread, this.options.mostTime ?? MOST_TIME);
      thread.worker.postMessage(next.task);
    }
    const starting = [...this.threads].filter(({ ready }) => !ready).length;
    if (this.waiting.length > starting && this.threads.size < (this.options.threads ?? 2)) this.start();
  }

  private start(): void {
    const worker = new Worker(THREAD, { resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY } });
    worker.unref();
    const thread: Thread = { worker, current: undefined, ready: false, timer: undefined };
    thread.timer = this.endAfter(thread, MOST_START);
    this.threads.add(thread);
    worker.on('message', (answer: 'ready' | Extraction) => {
      clearTimeout(thread.timer);
      if (answer === 'ready') thread.ready = true;
      else {
        const { current } = thread;
        thread.current = undefined;
        current?.done(answer);
      }
      this.handOut();
    });
    worker.on('error', (error) => this.end(thread, `its thread ended: ${error.message}`));
    worker.on('exit', () => this.end(thread, 'its thread ended'));
    this.handOut();
  }

  private endAfter(thread: Thread, ms: number): NodeJS.Timeout {
    return setTimeout(() => this.end(thread, `took longer than ${ms / 1_000} s`, true), ms);
  }

  private end(thread: Thread, reason: string, outOfTime = false): void {
    if (!this.threads.delete(thread)) return;
    clearTimeout(thread.timer);
    void thread.worker.terminate();
    // A thread that could not even start has nothing in hand: whoever is next learns it, else it would be tried for ever.
    const told = thread.ready ? thread.current : this.waiting.shift();
    told?.done(unparsed(told.task, reason, outOfTime));
    this.handOut();
  }
}

function unparsed({ sql }: ReadTask, reason: string, outOfTime = false): Extraction {
  return { statements: [], unparsed: [{ sql, reason, ...(outOfTime ? { outOfTime } : {}) }] };
}
