import type { Knex } from 'knex';
import type { PoolClient } from 'pg';
import type { Database } from '../../db/database.js';
import { type EventOfTables, tablesOf, tellOf } from '../events/tell-of-tables.js';
import { beginPublishingWithin } from './begin-publishing.js';
import { moveOutboxMark } from './merge-page.js';
import { mergeUpserts } from './merge-upserts.js';
import { DELETE_PAGES } from './publish-sql.js';
import type { PublishedCounts, UnitKey } from './publishing-unit.js';
import { countChanges, recordChanges } from './record-changes.js';
import { commitLazily } from './staging.js';

/**
 * How long the transaction may stay open: while it does, the catalog's server keeps old rows of all tables. A source that
 * takes longer is slower than its merging, of which little is left to save.
 */
const PATIENCE_MS = 60_000;
/** A worker that is lost on the network leaves no transaction behind for longer than this. */
const IDLE_LIMIT = '30s';

/**
 * Merges the pages of a first reading while those after them are read. All of it is one transaction, which is committed
 * after the unit's receipt, so the map shows nothing of a database that was not read to its end. Nothing depends on it:
 * pages are staged as ever, and where merging ahead fails, takes too long or is abandoned, publishing merges them.
 *
 * Only for a database of which the catalog knows nothing. What it locks until the end is its new rows, and the
 * database's row against being deleted.
 */
export class MergeAhead {
  readonly #database: Database;
  readonly #place: UnitKey & { collectedDatabaseId: string; crawlerId: string };
  readonly #pages: number[] = [];
  readonly #events: EventOfTables[] = [];
  #counts: PublishedCounts = { added: 0, changed: 0, removed: 0, restored: 0, held: 0 };
  #mark: string | null = null;
  #transaction: Knex.Transaction | undefined;
  #began = 0;
  #work = Promise.resolve();
  #failure: { cause: unknown } | undefined;

  constructor(database: Database, place: UnitKey & { collectedDatabaseId: string; crawlerId: string }) {
    this.#database = database;
    this.#place = place;
  }

  /** Merges a page that was staged and committed, once those before it are merged. Never throws. */
  add(page: number): void {
    this.#work = this.#work.then(async () => {
      if (this.#failure !== undefined) return;
      try {
        await this.#merge(page);
      } catch (cause) {
        await this.#giveUp(cause);
      }
    });
  }

  /**
   * Begins the publishing of the unit, whose receipt is committed, and with that commits what was merged. Returns what
   * kept it from that, and nothing when all is well.
   */
  async finish(): Promise<{ cause: unknown } | undefined> {
    await this.#work;
    if (this.#failure !== undefined || this.#transaction === undefined) return this.#failure;
    try {
      await this.#publish(this.#transaction);
    } catch (cause) {
      await this.#giveUp(cause);
      return this.#failure;
    }
    this.#transaction = undefined;
    if (this.#mark !== null) await moveOutboxMark(this.#database, this.#place.runId, this.#mark);
    return undefined;
  }

  /** Throws away what was merged and not committed; after `finish` there is nothing of it. Never throws. */
  async abandon(): Promise<void> {
    this.#failure ??= { cause: undefined };
    await this.#work;
    await this.#giveUp(undefined);
  }

  async #merge(page: number): Promise<void> {
    const client = await this.#open();
    if (performance.now() - this.#began > PATIENCE_MS)
      throw new Error(`the source was not read within ${PATIENCE_MS / 1_000} seconds`);
    const merged = await mergeUpserts(client, { ...this.#place, page });
    this.#mark = (await recordChanges(client, this.#place, merged)) ?? this.#mark;
    this.#counts = countChanges(this.#counts, merged.changes);
    const event = tablesOf(merged.changes);
    if (event !== undefined) this.#events.push(event);
    this.#pages.push(page);
  }

  async #open(): Promise<PoolClient> {
    if (this.#transaction === undefined) {
      this.#transaction = await this.#database.transaction();
      this.#began = performance.now();
      const client = (await this.#transaction.client.acquireConnection()) as PoolClient;
      await commitLazily(client);
      await client.query(`SET LOCAL idle_in_transaction_session_timeout = '${IDLE_LIMIT}'`);
      return client;
    }
    return (await this.#transaction.client.acquireConnection()) as PoolClient;
  }

  async #publish(transaction: Knex.Transaction): Promise<void> {
    const { runId, unit, collectedDatabaseId, crawlerId } = this.#place;
    const client = (await transaction.client.acquireConnection()) as PoolClient;
    await beginPublishingWithin(client, this.#place);
    await client.query(DELETE_PAGES, [runId, unit, this.#pages]);
    await client.query(`UPDATE crawl_unit SET counts = $3 WHERE run_id = $1 AND unit = $2`, [
      runId,
      unit,
      JSON.stringify(this.#counts),
    ]);
    // Last, since those who follow events read them in the order of their numbers.
    for (const event of this.#events) await tellOf(client, collectedDatabaseId, { crawlerId, runId }, event);
    await transaction.commit();
  }

  async #giveUp(cause: unknown): Promise<void> {
    this.#failure ??= { cause };
    const transaction = this.#transaction;
    this.#transaction = undefined;
    // Its connection may be gone, and the transaction with it.
    await transaction?.rollback().catch(() => undefined);
  }
}
