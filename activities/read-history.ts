import { type Problem, recordProblems } from '../catalog/runs/problems.js';
import type { RunLogger } from '../catalog/runs/run-logger.js';
import type { UnitClaim } from '../catalog/runs/units.js';
import type { DatabaseReader } from '../connectors/contract.js';
import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { countStatements } from '../lineage/history/count-statements.js';

/**
 * Notes which statements ran at a source since the run before, where its crawler is to do so. Collecting does not depend on
 * it: what it lacks, or what goes wrong with it, is told in the run's log.
 */
export async function readHistory(
  database: Database,
  reader: DatabaseReader,
  { collectedDatabaseId, crawlerId }: UnitClaim,
  { runId, unit }: { runId: string; unit: number },
  signal: AbortSignal,
  log: RunLogger,
): Promise<void> {
  if (reader.history === undefined || !(await isWanted(database, crawlerId))) return;
  try {
    const { statements, lacking, texts } = await reader.history();
    if (lacking !== undefined) {
      const { code, reason, remedy } = lacking;
      log.warn('history', `${reason}. ${remedy}`, { code, remedy });
    }
    if (lacking !== undefined && statements.length === 0) return;
    const { ran, without, unreadable, unparsed, example } = await countStatements(
      database,
      collectedDatabaseId,
      { statements, texts },
      signal,
    );
    const but = [
      ...(without > 0 ? [`${without} of them are longer than 256 KB or have lost their text`] : []),
      ...(unreadable > 0 ? [`${unreadable} of them are cut off`] : []),
      ...(unparsed > 0 ? [`what ${unparsed} of them read and write is not known`] : []),
    ];
    if (unparsed > 0) await recordProblems(database, runId, unit, [notRead(unparsed, example ?? '')]);
    const words = `Query history: ${ran} of ${statements.length} statements ran since it was read before`;
    log[but.length > 0 ? 'warn' : 'info']('history', [words, ...but].join('; '), {
      ran,
      without,
      unreadable,
      unparsed,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    const { code, remedy } = { code: 'INTERNAL', remedy: undefined, ...(error as object) };
    log.warn('history', `The query history was not read: ${error instanceof Error ? error.message : String(error)}`, {
      code,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
}

/** They are kept and counted; an example tells what kind of statement it is. */
function notRead(count: number, example: string): Problem {
  return {
    schema: null,
    name: null,
    code: 'STATEMENTS_NOT_READ',
    message: `What ${count === 1 ? 'a statement' : `${count} statements`} of the query history read and write is not known, e.g. ${example.slice(0, 200)}`,
    remedy: 'The map is right without it. State the edges by hand if they matter.',
  };
}

async function isWanted(database: Database, crawlerId: string): Promise<boolean> {
  const [row] = await query<{ wanted: boolean }>(
    database,
    `SELECT options -> 'queryHistory' = 'true'::jsonb AS wanted FROM crawler WHERE id = ?`,
    [crawlerId],
  );
  return row?.wanted === true;
}
