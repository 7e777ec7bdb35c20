import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import { isForeignKeyViolation } from '../../db/violations.js';
import { GroupUnknown } from '../groups/errors.js';

import { storedJson } from '../model/stored-text.js';
import { createRedactor } from '../runs/redact.js';

/** A step of a connection test, as connectors report it. */
export interface TestStep {
  id: string;
  state: 'running' | 'passed' | 'failed' | 'skipped' | 'warning';
  /** Milliseconds. */
  duration?: number;
  message?: string;
  remedy?: string;
  code?: string;
  detail?: Record<string, unknown>;
}

export interface ConnectionTest {
  id: string;
  dataSourceId: string;
  workspaceId: string;
  resourceGroupId: string;
  requestedBy: string | null;
  status: 'queued' | 'running' | 'passed' | 'failed' | 'cancelled';
  /** The worker that ran it. */
  worker: string | null;
  /** In the order they were begun. */
  steps: TestStep[];
  createdAt: Date;
  endedAt: Date | null;
  /** True once the data source was changed after it: it proves nothing of what the source says now. */
  stale: boolean;
}

/** @throws NotFound when the data source is gone; GroupUnknown */
export async function createTest(
  database: Database,
  test: { testId: string; dataSourceId: string; resourceGroupId: string; requestedBy?: string },
): Promise<ConnectionTest> {
  try {
    await query(
      database,
      `INSERT INTO connection_test (id, data_source_id, resource_group_id, requested_by, source_version)
       SELECT :testId::uuid, s.id, :resourceGroupId, :requestedBy::uuid, s.version
         FROM data_source s
        WHERE s.id = :dataSourceId
       ON CONFLICT (id) DO NOTHING`,
      {
        testId: test.testId,
        dataSourceId: test.dataSourceId,
        resourceGroupId: test.resourceGroupId,
        requestedBy: test.requestedBy ?? null,
      },
    );
  } catch (error) {
    if (isForeignKeyViolation(error, 'connection_test_resource_group_id_fkey'))
      throw new GroupUnknown(test.resourceGroupId);
    throw error;
  }
  const [row] = await read(database, test.testId);
  if (row === undefined) throw new NotFound('data source', test.dataSourceId);
  return row;
}

/**
 * Records that a worker took the test up. A second attempt starts its steps over.
 * @returns false when the test ended meanwhile or is gone: then there is nothing to do
 */
export async function markTestRunning(database: Database, testId: string, worker: string): Promise<boolean> {
  const started = await query(
    database,
    `UPDATE connection_test SET status = 'running', worker = :worker, steps = '[]'
      WHERE id = :testId AND status IN ('queued', 'running')
      RETURNING id`,
    { testId, worker },
  );
  return started.length > 0;
}

/**
 * Writes a step, in the place of the one with its id if there is one. Nothing once the test ended.
 * @param secrets values to mask wherever they turn up in what the step says
 */
export async function putTestStep(
  database: Database,
  testId: string,
  step: TestStep,
  secrets: readonly string[] = [],
): Promise<void> {
  await query(
    database,
    `UPDATE connection_test
        SET steps = CASE
              WHEN steps @> jsonb_build_array(jsonb_build_object('id', :stepId::text)) THEN (
                SELECT jsonb_agg(CASE s.step ->> 'id' WHEN :stepId THEN :step::jsonb ELSE s.step END ORDER BY s.place)
                  FROM jsonb_array_elements(steps) WITH ORDINALITY AS s (step, place))
              ELSE steps || jsonb_build_array(:step::jsonb)
            END
      WHERE id = :testId AND status IN ('queued', 'running')`,
    { testId, stepId: step.id, step: storedJson(createRedactor(secrets).value(step), 8_192) },
  );
}

/** Ends a test. One that ended keeps its ending. */
export async function finishTest(
  database: Database,
  testId: string,
  status: 'passed' | 'failed' | 'cancelled',
): Promise<void> {
  await query(
    database,
    `UPDATE connection_test SET status = :status, ended_at = now()
      WHERE id = :testId AND status IN ('queued', 'running')`,
    { testId, status },
  );
}

/** @throws NotFound */
export async function getTest(database: Database, testId: string): Promise<ConnectionTest> {
  const [row] = await read(database, testId);
  if (row === undefined) throw new NotFound('connection test', testId);
  return row;
}

async function read(database: Database, testId: string): Promise<ConnectionTest[]> {
  return query<ConnectionTest>(
    database,
    `SELECT t.id, t.data_source_id AS "dataSourceId", s.workspace_id AS "workspaceId",
            t.resource_group_id AS "resourceGroupId", t.requested_by AS "requestedBy", t.status, t.worker, t.steps,
            t.created_at AS "createdAt", t.ended_at AS "endedAt", s.version <> t.source_version AS stale
       FROM connection_test t
       JOIN data_source s ON s.id = t.data_source_id
      WHERE t.id = ?`,
    [testId],
  );
}
