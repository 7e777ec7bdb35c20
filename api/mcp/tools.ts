import { z } from 'zod';

/** A tool that a model may call: one route of the API that reads, with arguments a model can fill in. */
export interface Tool<Input extends z.ZodObject = z.ZodObject> {
  name: string;
  title: string;
  description: string;
  input: Input;
  /** The path below /api/v1 of the route that answers. Always a GET: nothing here changes the map. */
  route: string;
  /** Names of arguments that are in the path; all others go into the query. */
  inPath?: readonly string[];
  /**
   * A POST that is asked first, for what has to be made before it can be read: it takes the arguments in its path and in
   * its body, and the `id` of its answer is the one in the path of `route`, which gets this query.
   */
  first?: { route: string; query: Readonly<Record<string, string>> };
}

/** Seconds that a tool waits for rows: clients give up on a tool after a minute. */
const PREVIEW_WAIT = 20;

const id = z
  .string()
  .regex(/^[1-9]\d{0,17}$/)
  .describe('The number of an entity, as `id` in what search and show answer.');
const jobId = z
  .string()
  .regex(/^[1-9]\d{0,17}$/)
  .describe('The number of a job, as `id` in what list_jobs answers, or of a process of kind `job` along an edge.');
const asOf = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()])
  .optional()
  .describe(
    'The map as it was then, e.g. `2026-01-31T12:00:00Z`, or at the end of a day, e.g. `2026-01-31`; now when left out.',
  );
const stale = z
  .enum(['show', 'hide'])
  .optional()
  .describe('`hide` leaves out what no job or statement was seen to do for 90 days, or as the installation is set.');
const limit = (most: number) => z.int().min(1).max(most).optional().describe(`At most ${most}.`);
const cursor = z.string().optional().describe('`nextCursor` of an earlier answer, to go on from there.');

export const TOOLS: readonly Tool[] = [
  {
    name: 'search',
    title: 'Search the map',
    description:
      'Finds databases, schemas and tables by names, columns, comments and descriptions; forgives misspelling. Answers the ' +
      'best first, each with its id, and says up to which run the index is complete. Where `totalIsExact` is false there are more than `total`. ' +
      'With kind `task-code` alone it looks for the SQL and source code that jobs told instead, and answers in `taskCode`, with the lines ' +
      'that match; show_job has all of a text. With kind `api` alone it looks for operations of APIs (`apis`), with `ai-asset` alone for ' +
      'models (`aiAssets`).',
    input: z.object({
      q: z.string().max(500).describe('Words, a name or a part of it, or a guid.'),
      kind: z
        .array(z.enum(['database', 'schema', 'table', 'task-code', 'api', 'ai-asset']))
        .optional()
        .describe(
          'Only of these kinds; `task-code` goes with `language` and no other kind or filter, `api` and `ai-asset` with none.',
        ),
      sourceType: z.array(z.string()).optional().describe('Only from sources of these types, e.g. `postgresql`.'),
      database: z.array(z.string()).optional().describe('Only in databases of these names.'),
      schema: z.array(z.string()).optional().describe('Only in schemas of these names.'),
      language: z.array(z.string()).optional().describe('Only task code of these languages, e.g. `sql` or `python`.'),
      limit: limit(50),
      cursor,
    }),
    route: '/search',
  },
  {
    name: 'show',
    title: 'Show an entity',
    description:
      'What is known of one database, schema or table: owner, comment, description, keys, indexes, view text, estimates, ' +
      'which crawler collected it and when. Columns have a tool of their own.',
    input: z.object({ id }),
    route: '/entities/:id',
    inPath: ['id'],
  },
  {
    name: 'find_by_guid',
    title: 'Show the entity of a guid',
    description: 'The same as show, for whoever has the guid: `type:instance:catalog:database:schema:table`.',
    input: z.object({ guid: z.string().min(1).max(2_000) }),
    route: '/entities',
  },
  {
    name: 'list_tables',
    title: 'List the tables of a database',
    description: 'Tables and views of one database by schema and name, a page at a time.',
    input: z.object({
      databaseId: id.describe('`databaseId` of an entity.'),
      schema: z.string().optional().describe('Only of this schema.'),
      limit: limit(200),
      cursor,
    }),
    route: '/entities',
  },
  {
    name: 'list_columns',
    title: 'List the columns of a table',
    description: 'Names, types, defaults and comments in the order of the table, a page at a time.',
    input: z.object({
      id,
      q: z.string().optional().describe('Only columns whose name or comment has this in it.'),
      limit: limit(500),
      cursor,
    }),
    route: '/tables/:id/columns',
    inPath: ['id'],
  },
  {
    name: 'list_versions',
    title: 'List the versions of a table',
    description: 'When the structure changed, newest first.',
    input: z.object({ id, limit: limit(100), cursor }),
    route: '/tables/:id/versions',
    inPath: ['id'],
  },
  {
    name: 'compare_versions',
    title: 'Compare two versions of a table',
    description: 'Added, removed and changed columns, keys and indexes between two versions.',
    input: z.object({ id, from: z.int().min(1), to: z.int().min(1) }),
    route: '/tables/:id/versions/diff',
    inPath: ['id'],
  },
  {
    name: 'lineage',
    title: 'Read where data comes from and goes to',
    description:
      'Tables and other things around an entity, and the edges along which data flows between them, with what moves it. ' +
      'Each node has exact counts of its neighbours on both sides and a cursor where there are more: ask again with the ' +
      'id of that node. `restricted` says that there is something on that side that the asker may not see.',
    input: z.object({
      id,
      direction: z
        .enum(['up', 'down', 'both'])
        .optional()
        .describe('`up` is where data comes from; both when left out.'),
      depth: z.int().min(1).max(20).optional().describe('Steps from the entity; 1 when left out.'),
      level: z.enum(['table', 'column']).optional().describe('With `column` edges tell which columns come from which.'),
      column: z.string().max(1_000).optional().describe('Follow this column alone; with level `column`.'),
      asOf,
      stale,
      limit: limit(200).describe('Neighbours of each node on each side; 50 when left out.'),
      cursor: z.string().optional().describe('`nextCursor` of a side of this node.'),
    }),
    route: '/entities/:id/lineage',
    inPath: ['id'],
  },
  {
    name: 'impact',
    title: 'List what a change of a table may reach',
    description: 'Everything downstream of an entity, the nearest first, with its owners, and how many in all.',
    input: z.object({ id, asOf, stale, limit: limit(500), cursor }),
    route: '/entities/:id/impact',
    inPath: ['id'],
  },
  {
    name: 'lineage_path',
    title: 'Find a way for data from one table to another',
    description:
      'A shortest one, along the flow of data; ask the other way round too where either may feed the other. `truncated` says ' +
      'that none was found before the search was given up: ask again with `thorough`.',
    input: z.object({
      id,
      to: id.describe('The number of the entity that data would arrive at.'),
      asOf,
      stale,
      thorough: z.boolean().optional().describe('Look ten times as far, which may take seconds.'),
    }),
    route: '/entities/:id/lineage/path',
    inPath: ['id'],
  },
  {
    name: 'list_jobs',
    title: 'List jobs that move data',
    description:
      'Jobs that told of themselves with events of lineage, those first that came last: where they run, when they were last ' +
      'heard of, and how their latest run ended.',
    input: z.object({
      name: z.string().min(1).max(1_000).optional().describe('Only with this in the name, in any case.'),
      namespace: z.string().min(1).max(500).optional().describe('Only of this namespace.'),
      limit: limit(200),
      cursor,
    }),
    route: '/lineage-jobs',
  },
  {
    name: 'show_job',
    title: 'Show a job',
    description:
      'What a job says of itself: type, documentation, owners, tags, and, for whom they are, its statement and code. ' +
      '`restricted` says that its own words are left out.',
    input: z.object({ id: jobId }),
    route: '/lineage-jobs/:id',
    inPath: ['id'],
  },
  {
    name: 'list_job_runs',
    title: 'List the runs of a job',
    description:
      'The latest first, of 30 days: how they ended, what they read and wrote, and their error. `restricted` on a side says ' +
      'that there is something that the asker may not see.',
    input: z.object({ id: jobId, limit: limit(100), cursor }),
    route: '/lineage-jobs/:id/runs',
    inPath: ['id'],
  },
  {
    name: 'preview',
    title: 'Show a few rows of a table',
    description:
      'Has rows read from the source, with what is personal or secret masked, which takes a right of its own, and waits ' +
      `for them up to ${PREVIEW_WAIT} s. While its status is \`queued\` or \`running\` go on with read_preview. It is recorded.`,
    input: z.object({
      id,
      rows: z.int().min(1).max(100).optional().describe('At most 100; 20 when left out.'),
      columns: z.array(z.string()).optional().describe('Only these, as the source spells them; else the first 100.'),
    }),
    route: '/previews/:id',
    inPath: ['id'],
    first: { route: '/entities/:id/preview', query: { wait: String(PREVIEW_WAIT) } },
  },
  {
    name: 'read_preview',
    title: 'Wait for the rows of a preview',
    description:
      'Rows that the asker asked for with preview: ten minutes after they were read nothing is left of them.',
    input: z.object({
      id: z.uuid().describe('`id` in what preview answered.'),
      wait: z.int().min(0).max(PREVIEW_WAIT).optional().describe('Seconds to wait for them; none when left out.'),
    }),
    route: '/previews/:id',
    inPath: ['id'],
  },
  {
    name: 'diagnose',
    title: 'Say why a table is not found',
    description:
      'Looks for a table in its source, in the scope, on the map, in what the asker may see and in search, and names the first ' +
      'where it is not, with what to do. Asks the source, which can take seconds.',
    input: z.object({ name: z.string().min(1).max(2_000).describe('A guid, or `database.schema.table`.') }),
    route: '/diagnose',
  },
];
