import { ApplicationFailure } from '@temporalio/common';
import { NotPreviewable, SourceQuiet } from '../catalog/preview/errors.js';
import { maskRows } from '../catalog/preview/mask-rows.js';
import {
  endPreview,
  finishPreview,
  MOST_COLUMNS,
  type PreviewOrder,
  READ_LENGTH,
  SHOWN_LENGTH,
  STATEMENT_TIMEOUT_MS,
  takePreview,
} from '../catalog/preview/previews.js';
import { type PreviewResult, sealRows } from '../catalog/preview/seal-rows.js';
import { resolveConnection } from '../catalog/sources/resolve-connection.js';
import type { FailureSummary, GroupActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { toFailure } from './failures.js';
import { Governor } from './governor.js';
import { withLiveness } from './liveness.js';

/** How long somebody who waits for rows waits for a connection. */
const PATIENCE_MS = 8_000;

/**
 * Makes the activity that reads a few rows of a table for a person. They are masked here, before anything of them is
 * stored, and stored sealed; what went wrong stands in the preview's row too, and only its code goes through Temporal.
 */
export function createReadPreview(context: ActivityContext): GroupActivities['readPreview'] {
  const { database, secretKey, worker } = context;
  return ({ previewId }) =>
    withLiveness(async ({ signal }) => {
      const order = await takePreview(database, previewId, worker.id);
      if (order === undefined) return { rows: 0, refusedAs: 'NOT_FOUND' };
      try {
        const result = await readRows(context, order, signal);
        signal.throwIfAborted();
        const rows = result.rows.length;
        await finishPreview(database, previewId, { sealed: sealRows(secretKey, previewId, result), rows });
        return { rows };
      } catch (error) {
        if (signal.aborted) throw error;
        const failure = told(error);
        if (failure.code === 'INTERNAL') context.log.error({ err: error, previewId }, 'a preview failed');
        await endPreview(database, previewId, { status: 'failed', failure });
        return { rows: 0, refusedAs: failure.code };
      }
    });
}

async function readRows(context: ActivityContext, order: PreviewOrder, signal: AbortSignal): Promise<PreviewResult> {
  const { database, secretKey, loadConnector } = context;
  const governor = await Governor.ofSource(context, order.dataSourceId);
  const quiet = governor.window();
  if (quiet !== undefined) throw new SourceQuiet(quiet.until);
  const { type, ...connection } = await resolveConnection(database, secretKey, order.dataSourceId);
  const connector = await loadConnector(type);
  const { preview } = connector;
  if (preview === undefined) throw new NotPreviewable(type);
  const { columns, rows, refused, more } = await governor.admit(
    signal,
    (admission) =>
      preview.call(
        connector,
        connection,
        {
          database: order.database,
          schema: order.schema,
          table: order.table,
          ...(order.columns === null ? {} : { columns: order.columns }),
          maxColumns: MOST_COLUMNS,
          maxRows: order.rows,
          valueLength: READ_LENGTH,
          timeout: STATEMENT_TIMEOUT_MS,
        },
        { signal: admission.signal, pace: admission.pace },
      ),
    { patience: PATIENCE_MS },
  );
  return { ...(await maskRows({ columns, rows }, SHOWN_LENGTH)), refused, more };
}

/** What the person is told of an error. */
function told(error: unknown): FailureSummary {
  const failure = toFailure(error);
  if (!(failure instanceof ApplicationFailure)) return { code: 'INTERNAL', message: 'The rows could not be read' };
  const [detail] = failure.details ?? [];
  const remedy =
    typeof detail === 'object' && detail !== null && 'remedy' in detail && typeof detail.remedy === 'string'
      ? detail.remedy
      : undefined;
  return {
    code: failure.type ?? 'INTERNAL',
    message: failure.message,
    ...(remedy === undefined ? {} : { remedy }),
  };
}
