import { digestsOf } from '../../catalog/describing/digests.js';
import { currentDigests } from '../../catalog/describing/needed.js';
import { storeAnswer } from '../../catalog/describing/store-answer.js';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** Has it that a model suggested this for a table; returns the suggestion's id. */
export async function suggestedFor(
  database: Database,
  entityId: string,
  description = 'What a model says.',
  column = '',
): Promise<string> {
  const digests = (await currentDigests(database, [entityId])).get(entityId) ?? digestsOf(GONE);
  await storeAnswer(database, {
    entityId,
    model: 'fake-model',
    askedModel: 'fake-model',
    language: 'English',
    inputs: { table: 'told' },
    promptTokens: 10,
    completionTokens: 5,
    digests,
    suggested: [{ column, description, confidence: 'high' }],
    refused: [],
  });
  const [row] = await query<{ id: string }>(
    database,
    'SELECT id FROM description_suggestion WHERE entity_id = ? AND column_name = ? ORDER BY id DESC LIMIT 1',
    [entityId, column],
  );
  return row?.id ?? '';
}

const GONE = {
  sourceType: 'postgresql',
  database: 'gone',
  schema: null,
  name: 'gone',
  type: 'TABLE',
  comment: null,
  primaryKey: [],
  foreignKeys: [],
  columns: [],
};
