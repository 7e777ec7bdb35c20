import { Context } from '@temporalio/activity';
import { SourceBusy } from '../catalog/governor/errors.js';
import { getRun } from '../catalog/runs/read-runs.js';
import type { RunLogger } from '../catalog/runs/run-logger.js';
import { failUnit, nextUnits, planUnits } from '../catalog/runs/units.js';
import { resolveConnection } from '../catalog/sources/resolve-connection.js';
import { ConnectorError, type DatabaseInfo } from '../connectors/contract.js';
import type { FailureSummary, GroupActivities, UnitFailure } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { BUSY_RETRY_MS, briefly } from './failures.js';
import { type Admission, Governor } from './governor.js';
import { loggedStep } from './logged-step.js';

/** Of many refused databases the first few are named to the workflow; all of them have their cause in their row. */
const NAMED = 3;
const PAGE = 1_000;
/** The step has an hour in all; before that is up, waiting for a busy source begins a new hour. */
const LONGEST_WAIT_MS = 30 * 60_000;

/**
 * Makes the activity that plans a run's units, one for each database in scope, after asking the source which databases
 * there are. One that is not there, or is refused to us, becomes a unit that failed: it is never taken for one
 * whose tables are all gone.
 */
export function createDiscoverUnits(context: ActivityContext): GroupActivities['discoverUnits'] {
  return ({ runId }) =>
    loggedStep(context, { step: 'list', runId }, async ({ signal }, log) => {
      const { database } = context;
      const governor = await Governor.ofRun(context, runId);
      const quiet = governor.quiet();
      if (quiet !== undefined) {
        log.info('quiet hours', `The run waits: the source is in its quiet hours until ${quiet.until}`);
        return { units: 0, failed: 0, failures: [], yielded: quiet };
      }
      let listed: Awaited<ReturnType<typeof listSource>>;
      try {
        listed = await governor.admit(signal, (admission) =>
          listSource(context, governor.dataSourceId, admission, log),
        );
      } catch (error) {
        if (!(error instanceof SourceBusy) || !hasWaitedLong()) throw error;
        const until = new Date(Date.now() + BUSY_RETRY_MS).toISOString();
        return { units: 0, failed: 0, failures: [], yielded: { reason: 'source busy', until } };
      }
      const units = await planUnits(database, runId);
      const failures = await failUnlisted(context, runId, listed);
      for (const { database: name, ...failure } of failures)
        log.error('list', failure.message, { database: name, ...failure });
      // Counted from the rows: an earlier attempt may have failed some before it broke off.
      const { failed } = (await getRun(database, runId)).units;
      log.info('list', `${units} databases in scope, ${units - failed} of them to be collected`);
      return { units, failed, failures: failures.slice(0, NAMED).map(briefly) };
    });
}

/** Whether waiting for a busy source would soon use up the time that this step has in all. */
function hasWaitedLong(): boolean {
  return Date.now() - Context.current().info.scheduledTimestampMs > LONGEST_WAIT_MS;
}

/** Undefined when the source cannot list: then each database is left to tell for itself. */
async function listSource(
  { database, secretKey, loadConnector }: ActivityContext,
  dataSourceId: string,
  { signal, pace }: Admission,
  log: RunLogger,
): Promise<Map<string, DatabaseInfo> | undefined> {
  const { type, ...connection } = await resolveConnection(database, secretKey, dataSourceId);
  log.addSecrets(Object.values(connection.secrets));
  const connector = await loadConnector(type);
  log.info('connect', `Connecting to ${connection.config.host}:${connection.config.port}`);
  try {
    const found = await connector.listDatabases(connection, { signal, pace });
    return new Map(found.map((info) => [info.name, info]));
  } catch (error) {
    // The database that the source is listed from may be the one thing that is gone or closed to us.
    const others =
      error instanceof ConnectorError && (error.code === 'UNKNOWN_DATABASE' || error.code === 'PERMISSION_DENIED');
    if (!others) throw error;
    log.warn('list', `The source's databases cannot be listed: ${error.message}`, {
      code: error.code,
      remedy: error.remedy,
    });
    return undefined;
  }
}

async function failUnlisted(
  { database }: ActivityContext,
  runId: string,
  listed: Map<string, DatabaseInfo> | undefined,
): Promise<UnitFailure[]> {
  if (listed === undefined) return [];
  const failures: UnitFailure[] = [];
  for (let after = 0, more = true; more; ) {
    const units = await nextUnits(database, runId, { after, limit: PAGE });
    for (const { unit, database: name } of units) {
      const failure = reasonAgainst(name, listed.get(name));
      if (failure === undefined) continue;
      await failUnit(database, { runId, unit, error: failure });
      failures.push({ database: name, ...failure });
    }
    more = units.length === PAGE;
    after = units.at(-1)?.unit ?? after;
  }
  return failures;
}

function reasonAgainst(name: string, info: DatabaseInfo | undefined): FailureSummary | undefined {
  if (info === undefined) {
    return {
      code: 'UNKNOWN_DATABASE',
      message: `The source does not list a database ${name}; what the map has of it is kept`,
      remedy: 'If it was dropped or renamed, change the scope of the crawler; else check what the account may see.',
    };
  }
  if (info.unavailable === undefined) return undefined;
  return { code: 'PERMISSION_DENIED', message: `The database ${name} cannot be opened: ${info.unavailable}` };
}
