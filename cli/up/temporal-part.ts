import { startTemporal } from '../embedded/temporal.js';
import type { Part } from './supervisor.js';

/** The embedded Temporal server and its web UI as a part of the stack. */
export function temporalPart(
  temporal: { binary: string; port: number; uiPort: number; databaseFile: string; logFile: string },
  note: (pid: number) => void,
): Part {
  return {
    name: 'Temporal server',
    patience: 10_000,
    start: async () => {
      const server = await startTemporal({ ...temporal, onSpawn: note });
      return {
        ended: new Promise((resolve) =>
          server.process.once('exit', (code, signal) => resolve(signal ? `killed by ${signal}` : `exit code ${code}`)),
        ),
        stop: () => void server.stop(),
        kill: () => void server.process.kill('SIGKILL'),
      };
    },
  };
}
