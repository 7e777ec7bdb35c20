import type { RunLogger } from '../catalog/runs/run-logger.js';

const LINES = {
  succeeded: ['info', 'Every database in scope is on the map; the run has succeeded'],
  partial: ['warn', 'Something could not be collected whole, or is kept as it was; the run is partial'],
  failed: ['error', 'The run has failed'],
  stopped: ['warn', 'Stopped as asked; what finished databases brought to the map stays'],
} as const;

/**
 * Writes the last line of a run's log. To be called before the run is closed: who follows a log ends with its run.
 * @param cause why the run failed
 */
export async function writeClosingLine(
  log: RunLogger,
  status: keyof typeof LINES,
  cause?: { code: string; message: string; remedy?: string },
): Promise<void> {
  const [level, text] = LINES[status];
  log[level]('close', cause === undefined ? text : `${text}: ${cause.message}`, { ...cause });
  await log.flush();
}
