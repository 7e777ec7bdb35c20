import type { Database } from '../../db/database.js';
import type { StatementReader } from '../processes/statement-reader.js';
import type { Extraction, ExtractionTask, TableName } from '../sql/statement-lineage.js';
import { tableKey } from '../sql/table-names.js';
import { externalKey, nodesOfEntities, nodesOfExternals } from '../store/nodes.js';
import { recordViewProcesses, type ViewProcess } from '../store/processes.js';
import { type FoundEdge, replaceEdges } from '../store/record-edges.js';
import { sourcesOf, type ViewSource } from './edges-of-view.js';
import type { PendingView } from './pending-views.js';
import { type ResolvedTable, resolveTables } from './resolve-tables.js';
import { type NamedTable, namedTable, namingOf } from './source-naming.js';

/** What became of a view: what is stored of it as a process. */
export interface ReadView {
  view: PendingView;
  process: ViewProcess;
}

/** Where an edge of a view begins, once its text is read. */
interface Origin extends ViewSource {
  named: NamedTable;
  resolved: ResolvedTable | undefined;
}

/**
 * Reads a batch of views and makes their edges those of their texts: table names first, then, with the columns of the
 * tables that the map has, the columns. A view whose columns take too long keeps its tables. Repeating it changes nothing.
 */
export async function readViews(
  database: Database,
  reader: StatementReader,
  runId: string,
  views: readonly PendingView[],
): Promise<ReadView[]> {
  const atTables = await readPatiently(reader, views);
  const named = views.map((view, place) =>
    tablesOf(atTables[place]).map((table) => ({ table, named: namedTable(table, view) })),
  );
  const resolved = await resolveTables(database, [...new Set(named.flat().map(({ named: { guid } }) => guid))]);
  const atColumns = await reader.readAll(
    views.map((view, place) => ({
      ...taskOf(view),
      columns: (named[place] ?? []).flatMap(({ table, named: { guid } }) => {
        const found = resolved.get(guid);
        return found === undefined ? [] : [[table, found.columns] as const];
      }),
    })),
  );
  const read = views.map((view, place) => {
    const tables = atTables[place] ?? EMPTY;
    const columns = atColumns[place] ?? EMPTY;
    // Of a text that gave no tables nothing was looked up, so what its columns gave could not be told from what is elsewhere.
    const extraction = tables.statements.length > 0 && columns.statements.length > 0 ? columns : tables;
    const origins = sourcesOf(extraction).map((source): Origin => {
      const name = namedTable(source.table, view);
      return { ...source, named: name, resolved: resolved.get(name.guid) };
    });
    return { view, origins, process: processOf(view, extraction, columns, origins) };
  });
  await store(database, runId, read);
  return read;
}

/** Texts that ran out of time are read once more: on a busy machine an ordinary one may. */
async function readPatiently(reader: StatementReader, views: readonly PendingView[]): Promise<Extraction[]> {
  const first = await reader.readAll(views.map(taskOf));
  return Promise.all(
    first.map((extraction, place) => {
      const view = views[place];
      const ranOut = extraction.unparsed.some(({ outOfTime }) => outOfTime === true);
      return ranOut && view !== undefined ? reader.read(taskOf(view)) : extraction;
    }),
  );
}

const EMPTY: Extraction = { statements: [], unparsed: [] };

function taskOf(view: PendingView): ExtractionTask {
  const { dialect, defaults } = namingOf(view.sourceType);
  const table: TableName = { schema: view.schema ?? view.database, name: view.name };
  return { sql: view.text ?? '', dialect, defaults: defaults(view), target: { table, columns: view.columns } };
}

function tablesOf(extraction: Extraction = EMPTY): TableName[] {
  const tables = extraction.statements.flatMap(({ sources }) => sources);
  return [...new Map(tables.map((table) => [tableKey(table), table])).values()];
}

function processOf(
  view: PendingView,
  extraction: Extraction,
  atColumns: Extraction,
  origins: readonly Origin[],
): ViewProcess {
  const { statements, unparsed } = extraction;
  const incomplete = statements.find(({ columnLevel }) => columnLevel !== 'complete');
  const unread = unparsed[0]?.reason ?? (statements.length === 0 ? 'no query was found in it' : undefined);
  const reason =
    view.text === null
      ? 'the source does not show its text to the account of the crawler'
      : (unread ?? incomplete?.reason ?? (incomplete === undefined ? undefined : atColumns.unparsed[0]?.reason));
  return {
    entityId: view.id,
    version: view.version,
    name: view.name,
    collectedDatabaseId: view.collectedDatabaseId,
    dialect: namingOf(view.sourceType).dialect,
    state: unread !== undefined || view.text === null ? 'unparsed' : incomplete === undefined ? 'parsed' : 'partial',
    parser: statements[0]?.parser ?? null,
    reason: reason?.slice(0, 1_000) ?? null,
    missing: origins
      .filter(({ named, resolved }) => !named.own && resolved?.removed !== false)
      .map(({ named: { guid } }) => guid),
  };
}

async function store(
  database: Database,
  runId: string,
  read: readonly (ReadView & { origins: readonly Origin[] })[],
): Promise<void> {
  await database.transaction(async (transaction) => {
    const processes = await recordViewProcesses(
      transaction,
      runId,
      read.map(({ process }) => process),
    );
    const origins = read.flatMap(({ origins: of }) => of);
    const entities = await nodesOfEntities(transaction, [
      ...read.map(({ view }) => view.id),
      ...origins.flatMap(({ resolved }) => resolved?.entityId ?? []),
    ]);
    const externals = await nodesOfExternals(
      transaction,
      origins.filter(({ resolved }) => resolved === undefined).map(({ named }) => named),
    );
    const edges = read.flatMap(({ view, origins: of }) =>
      of.map(
        ({ named, resolved, direct, columns }): FoundEdge => ({
          processId: processes.get(view.id) ?? '',
          upstream:
            (resolved === undefined ? externals.get(externalKey(named)) : entities.get(resolved.entityId)) ?? '',
          downstream: entities.get(view.id) ?? '',
          direct,
          columns,
        }),
      ),
    );
    await replaceEdges(transaction, [...processes.values()], edges);
  });
}
