import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { Run, RunUnit } from '../commands/wire.js';
import { visible } from './output.js';

/** Shows how far a run is, again and again. */
export interface RunProgress {
  show(run: Run, units: readonly RunUnit[]): void;
  /** Something that keeps it from getting on, and is being tried again; nothing when all is well. */
  note(trouble: string | undefined): void;
  end(): void;
}

const ENDED: readonly RunUnit['status'][] = ['done', 'partial', 'failed', 'stopped'];
/** Bars on the screen at once; databases that ended give theirs up. */
const BARS = 12;

/** A bar per database at a terminal, a line per change elsewhere, nothing for `--json`. */
export function runProgress(silent: boolean): RunProgress {
  if (silent) return { show: () => undefined, note: () => undefined, end: () => undefined };
  return process.stderr.isTTY === true ? bars() : lines();
}

function bars(): RunProgress {
  const screen = new MultiBar(
    { format: '{bar} {database}  {value}/{total} tables  {state}', stream: process.stderr, hideCursor: true },
    Presets.shades_classic,
  );
  const shown = new Map<number, SingleBar>();
  let noted: string | undefined;
  return {
    show: (run, units) => {
      for (const unit of units) {
        if (!shown.has(unit.unit)) {
          if (shown.size >= BARS || unit.status === 'pending') continue;
          shown.set(unit.unit, screen.create(1, 0, { database: visible(unit.database), state: '' }));
        }
        const bar = shown.get(unit.unit);
        bar?.setTotal(Math.max(unit.tablesTotal ?? 0, unit.tablesDone, 1));
        bar?.update(unit.tablesDone, { state: describe(unit, run) });
        if (ENDED.includes(unit.status) && units.length > BARS && bar !== undefined) {
          screen.remove(bar);
          shown.delete(unit.unit);
        }
      }
      screen.update();
    },
    note: (trouble) => {
      if (trouble === undefined || trouble === noted) return;
      noted = trouble;
      screen.log(`${visible(trouble)}; trying again\n`);
    },
    end: () => screen.stop(),
  };
}

function lines(): RunProgress {
  const said = new Map<number | 'run' | 'note', string>();
  const say = (key: number | 'run' | 'note', line: string) => {
    if (said.get(key) === line) return;
    said.set(key, line);
    process.stderr.write(`${line}\n`);
  };
  return {
    show: (run, units) => {
      say('run', `Run ${run.number}: ${run.status}${run.waiting.map(({ message }) => `, ${message}`).join('')}`);
      for (const unit of units) {
        if (unit.status === 'pending') continue;
        const tables = ENDED.includes(unit.status) ? `, ${unit.tablesDone} tables` : '';
        say(unit.unit, `  ${visible(unit.database)}: ${describe(unit, run)}${tables}`);
      }
    },
    note: (trouble) => {
      if (trouble !== undefined) say('note', `  ${visible(trouble)}; trying again`);
    },
    end: () => undefined,
  };
}

function describe(unit: RunUnit, run: Run): string {
  if (unit.error !== null) return `${unit.status}: ${visible(unit.error.message)}`;
  return run.status === 'stopping' && !ENDED.includes(unit.status) ? 'stopping' : unit.status;
}
