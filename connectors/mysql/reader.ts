import {
  ConnectorError,
  type DatabaseDescription,
  type DatabaseReader,
  type FoundObject,
  type ObjectHead,
  type ObjectName,
  type ReadPage,
} from '../contract.js';
import { describeDatabase, vanished } from './describe-database.js';
import { listObjects } from './list-objects.js';
import { readObjects } from './objects.js';
import { quoteIdentifier } from './quote-identifier.js';
import { readPage } from './read-objects.js';
import type { Session } from './session.js';

const LARGEST_PAGE = 1_000;
const SMALLEST_PAGE = 100;

/** Reads one database over one session. Calls are made one after another; the session is closed by `close`. */
export class MysqlReader implements DatabaseReader {
  /** @param database as the server spells it. */
  constructor(
    private readonly session: Session,
    private readonly database: string,
  ) {}

  get identity() {
    return this.session.identity;
  }

  describe(): Promise<DatabaseDescription> {
    return describeDatabase(this.session, this.database);
  }

  /**
   * A database that is dropped, or whose grant is revoked, while it is listed would look as if its last tables were
   * dropped: so both are asked for again at the end.
   */
  async *list(): AsyncGenerator<ObjectHead[], void, void> {
    const before = await this.describe();
    yield* listObjects(this.session, this.database, this.#pageSize());
    const after = await this.describe();
    if (before.incomplete === undefined && after.incomplete !== undefined)
      throw new ConnectorError('PERMISSION_DENIED', after.incomplete.reason, after.incomplete.remedy);
  }

  async find(names: readonly ObjectName[]): Promise<FoundObject[]> {
    const objects = await readObjects(this.session, this.database, [...new Set(names.map(({ name }) => name))]);
    return [...objects.keys()].map((name) => ({ key: name, schema: null, name }));
  }

  async read(keys: readonly string[]): Promise<ReadPage> {
    const whole: ReadPage = { tables: [], problems: [], gone: [] };
    const size = this.#pageSize();
    for (let start = 0; start < keys.length; start += size) {
      const page = await readPage(this.session, this.database, keys.slice(start, start + size));
      whole.tables.push(...page.tables);
      whole.problems.push(...page.problems);
      whole.gone.push(...page.gone);
    }
    // A dropped database would show as a thousand dropped tables.
    if (whole.gone.length > 0) await this.describe();
    return whole;
  }

  queries(): number {
    return this.session.sent;
  }

  close(): Promise<void> {
    return this.session.close();
  }

  /**
   * All statements of a page should find its tables open. Half of the server's table cache is left to others; more
   * than 1,000 names gain nothing.
   */
  #pageSize(): number {
    const cache = Number(this.session.variable('table_open_cache'));
    if (this.session.flavour.hasDictionary || !Number.isFinite(cache)) return LARGEST_PAGE;
    return Math.min(LARGEST_PAGE, Math.max(SMALLEST_PAGE, Math.floor(cache / 2)));
  }
}

/** Finds the spelling of a database that the server has, by opening it. Throws UNKNOWN_DATABASE or PERMISSION_DENIED. */
export async function openReader(session: Session, database: string): Promise<MysqlReader> {
  await session.rows(`USE ${quoteIdentifier(database)}`);
  const [row] = await session.rows('SELECT DATABASE()');
  const name = row?.[0];
  if (typeof name !== 'string') throw vanished(database);
  return new MysqlReader(session, name);
}
