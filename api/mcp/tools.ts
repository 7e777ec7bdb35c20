import { z } from 'zod';

/** A tool that a model may call: one route of the API that reads, with arguments a model can fill in. */
export interface Tool<Input extends z.ZodObject = z.ZodObject> {
  name: string;
  title: string;
  description: string;
  input: Input;
  /** The route's path below /api/v1. Always a GET: nothing here changes anything. */
  route: string;
  /** Names of arguments that are in the path; all others go into the query. */
  inPath?: readonly string[];
}

const id = z
  .string()
  .regex(/^[1-9]\d{0,17}$/)
  .describe('The number of an entity, as `id` in what search and show answer.');
const limit = (most: number) => z.int().min(1).max(most).optional().describe(`At most ${most}.`);
const cursor = z.string().optional().describe('`nextCursor` of an earlier answer, to go on from there.');

export const TOOLS: readonly Tool[] = [
  {
    name: 'search',
    title: 'Search the map',
    description:
      'Finds databases, schemas and tables by names, columns, comments and descriptions; forgives misspelling. Answers the ' +
      'best first, each with its id, and says up to which run the index is complete.',
    input: z.object({
      q: z.string().max(500).describe('Words, a name or a part of it, or a guid.'),
      kind: z
        .array(z.enum(['database', 'schema', 'table']))
        .optional()
        .describe('Only of these kinds.'),
      sourceType: z.array(z.string()).optional().describe('Only from sources of these types, e.g. `postgresql`.'),
      database: z.array(z.string()).optional().describe('Only in databases of these names.'),
      schema: z.array(z.string()).optional().describe('Only in schemas of these names.'),
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
    name: 'diagnose',
    title: 'Say why a table is not found',
    description:
      'Looks for a table in its source, in the scope, on the map, in what the asker may see and in search, and names the first ' +
      'where it is not, with what to do. Asks the source, which can take seconds.',
    input: z.object({ name: z.string().min(1).max(2_000).describe('A guid, or `database.schema.table`.') }),
    route: '/diagnose',
  },
];
