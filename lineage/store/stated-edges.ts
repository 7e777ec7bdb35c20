import { randomUUID } from 'node:crypto';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound, Refusal } from '../../db/refusals.js';
import { type ExternalName, externalKey, nodesOfEntities, nodesOfExternals } from './nodes.js';
import { replaceEdges } from './record-edges.js';

/** One end of an edge that a person states: an entity, or something that is not on the map. */
export type StatedEnd = { entityId: string } | ExternalName;

/** Data does not come from the very thing that it goes to. */
export class EdgeToItself extends Refusal {
  readonly code = 'EDGE_TO_ITSELF';

  constructor() {
    super('An edge goes from one thing to another', 'Name two different things.');
  }
}

/**
 * Keeps what a person says of where data comes from. It stays until a person takes it back, whatever is read elsewhere.
 * Returns the id by which it can be taken back.
 * @param by.databaseId whose visibility the reason shares, decimal text
 * @throws EdgeToItself
 */
export async function stateEdge(
  database: Database,
  { upstream, downstream }: { upstream: StatedEnd; downstream: StatedEnd },
  by: { personId: string; personName: string; reason: string; databaseId: string },
): Promise<string> {
  return database.transaction(async (transaction) => {
    const from = await nodeOfEnd(transaction, upstream);
    const to = await nodeOfEnd(transaction, downstream);
    if (from === to) throw new EdgeToItself();
    const key = randomUUID();
    const [process] = await query<{ id: string }>(
      transaction,
      `INSERT INTO lineage_process (kind, key, collected_database_id, evidence, state, reason)
       VALUES ('manual', :key, :databaseId, :evidence, 'stated', :reason)
       RETURNING id`,
      {
        key,
        databaseId: by.databaseId,
        evidence: JSON.stringify({ personId: by.personId, personName: by.personName }),
        reason: by.reason,
      },
    );
    const processId = process?.id ?? '';
    await replaceEdges(
      transaction,
      [processId],
      [{ processId, upstream: from, downstream: to, direct: true, columns: [] }],
    );
    return key;
  });
}

/**
 * Ends an edge that a person stated. The past keeps it.
 * @param entityId one of its ends
 * @throws NotFound
 */
export async function retractEdge(database: Database, entityId: string, key: string): Promise<void> {
  const ended = await query(
    database,
    `UPDATE lineage_edge l
     SET valid_to = now()
     FROM lineage_process p, lineage_node n
     WHERE p.kind = 'manual' AND p.key = :key AND l.process_id = p.id AND l.valid_to IS NULL
       AND n.entity_id = :entityId AND n.id IN (l.upstream, l.downstream)
     RETURNING 1`,
    { key, entityId },
  );
  if (ended.length === 0) throw new NotFound('stated edge', key);
}

async function nodeOfEnd(database: Database, end: StatedEnd): Promise<string> {
  if ('entityId' in end) return (await nodesOfEntities(database, [end.entityId])).get(end.entityId) ?? '';
  return (await nodesOfExternals(database, [end])).get(externalKey(end)) ?? '';
}
