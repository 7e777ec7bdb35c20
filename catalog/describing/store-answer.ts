import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { storedJson, storedText } from '../model/stored-text.js';
import { PROMPT_VERSION, type SuggestedText } from '../model/table-to-describe.js';
import { digest as digestOf } from './digests.js';

export interface AnswerToStore {
  entityId: string;
  model: string;
  /** The model by the name in the settings. */
  askedModel: string;
  language: string;
  /** Exactly what was told of the table. */
  inputs: object;
  promptTokens: number;
  completionTokens: number;
  digests: ReadonlyMap<string, string>;
  suggested: readonly SuggestedText[];
  refused: readonly { column: string; because: string }[];
}

/**
 * Keeps what a model said of a table as suggestions, and of what was refused that it was, without its text. Stored again it
 * is the same; what somebody decided on, or described meanwhile, stays.
 * @returns how many suggestions are open by it
 */
export async function storeAnswer(database: Database, answer: AnswerToStore): Promise<number> {
  return database.transaction(async (transaction) => {
    const [kept] = await query<{ id: string }>(
      transaction,
      `INSERT INTO description_answer (entity_id, model, asked_model, prompt_version, language, inputs, inputs_digest,
                                       prompt_tokens, completion_tokens)
       SELECT e.id, :model, :askedModel, :promptVersion, :language, :inputs::jsonb, :inputsDigest, :promptTokens,
              :completionTokens
         FROM entity e
        WHERE e.id = :entityId
       RETURNING id`,
      {
        entityId: answer.entityId,
        model: storedText(answer.model, 200),
        askedModel: answer.askedModel,
        promptVersion: PROMPT_VERSION,
        language: answer.language,
        inputs: storedJson(answer.inputs),
        inputsDigest: digestOf(answer.inputs),
        promptTokens: answer.promptTokens,
        completionTokens: answer.completionTokens,
      },
    );
    // The table went for good while it was asked about.
    if (kept === undefined) return 0;
    const rows = [
      ...answer.suggested.map(({ column, description, confidence }) => ({
        column,
        description: storedText(description, 8_000),
        confidence,
        because: null,
      })),
      ...answer.refused.map(({ column, because }) => ({ column, description: null, confidence: null, because })),
    ].map((row) => ({ ...row, digest: answer.digests.get(row.column) ?? '' }));
    const stored = await query<{ status: string }>(
      transaction,
      `INSERT INTO description_suggestion AS s
              (entity_id, collected_database_id, column_name, digest, answer_id, status, description, confidence,
               refused_because)
       SELECT e.id, e.collected_database_id, n."column", n.digest, :answerId,
              CASE WHEN n.because IS NULL THEN 'open' ELSE 'refused' END, n.description, n.confidence, n.because
         FROM entity e
        CROSS JOIN jsonb_to_recordset(:rows::jsonb)
              AS n ("column" text, digest text, description text, confidence text, because text)
        WHERE e.id = :entityId
          AND NOT EXISTS (
                SELECT FROM annotation a
                 WHERE a.entity_id = e.id AND a.column_name = n."column" AND a.description IS NOT NULL)
          -- What stands until it is said better is not replaced by nothing.
          AND (n.because IS NULL OR NOT EXISTS (
                SELECT FROM description_suggestion before
                 WHERE before.entity_id = e.id AND before.column_name = n."column" AND before.digest = n.digest
                   AND before.status = 'open'))
       ON CONFLICT (entity_id, column_name, digest) DO UPDATE
         SET answer_id = excluded.answer_id, status = excluded.status, description = excluded.description,
             confidence = excluded.confidence, refused_because = excluded.refused_because,
             attempts = CASE WHEN s.ask_again THEN 1 ELSE s.attempts + 1 END, ask_again = false
       WHERE s.status IN ('refused', 'stale') OR (s.status = 'open' AND s.ask_again)
       RETURNING status`,
      { entityId: answer.entityId, answerId: kept.id, rows: JSON.stringify(rows) },
    );
    await query(
      transaction,
      `UPDATE description_suggestion
          SET ask_again = false
        WHERE entity_id = :entityId AND ask_again AND column_name = ANY (:columns::text[])`,
      { entityId: answer.entityId, columns: rows.map(({ column }) => column) },
    );
    await dropOlder(transaction, answer.entityId, rows);
    return stored.filter(({ status }) => status === 'open').length;
  });
}

/**
 * Of each object the last suggestion that went out of date is kept, in case it holds again. Those before it go, and answers
 * of which nothing is left: a table that changes each day would gather them for ever.
 */
async function dropOlder(
  transaction: Database,
  entityId: string,
  objects: readonly { column: string; digest: string }[],
): Promise<void> {
  await query(
    transaction,
    `DELETE FROM description_suggestion s
      USING jsonb_to_recordset(:objects::jsonb) AS n ("column" text, digest text)
      WHERE s.entity_id = :entityId AND s.column_name = n."column" AND s.digest <> n.digest
        AND s.status IN ('stale', 'refused')
        AND EXISTS (
              SELECT FROM description_suggestion newer
               WHERE newer.entity_id = s.entity_id AND newer.column_name = s.column_name AND newer.id > s.id
                 AND newer.digest <> n.digest AND newer.status = 'stale')`,
    { entityId, objects: JSON.stringify(objects.map(({ column, digest }) => ({ column, digest }))) },
  );
  await query(
    transaction,
    `DELETE FROM description_answer w
      WHERE w.entity_id = ? AND NOT EXISTS (SELECT FROM description_suggestion s WHERE s.answer_id = w.id)`,
    [entityId],
  );
}
