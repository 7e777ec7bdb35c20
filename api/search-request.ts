import type { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { publicMarks, searchMarks } from '../access/visibility.js';
import type { Database } from '../db/database.js';
import type { SearchRequest } from '../search/port.js';
import { Problem } from './problems.js';
import type { searchQuery } from './schemas/search.js';

/** Kinds that people look for in a map and that nothing is collected of. */
const UNCOLLECTED: Record<string, string> = { 'task-code': 'task code', api: 'API', 'ai-asset': 'AI asset' };

const OF_ALL_SEARCHES = ['kind', 'q', 'facets', 'cursor', 'limit'];

/** Whether a search is for workspaces, and narrowed by nothing that these do not have. */
export function isForWorkspaces(query: z.output<typeof searchQuery>): boolean {
  const narrowed = Object.entries(query).some(
    ([name, value]) => value !== undefined && !OF_ALL_SEARCHES.includes(name),
  );
  return query.kind?.every((kind) => kind === 'workspace') === true && !narrowed;
}

/** What a search over HTTP asks of the index, as this person may see it. Every route that searches goes through here. */
export async function searchRequest(
  database: Database,
  { q, facets, cursor, limit, hasDescription, hasLineage, kind, ...filters }: z.output<typeof searchQuery>,
  actor: Actor,
): Promise<SearchRequest> {
  const uncollected = kind?.find((each) => each in UNCOLLECTED);
  if (uncollected !== undefined)
    throw new Problem(
      'INVALID_INPUT',
      `There is no ${UNCOLLECTED[uncollected]} on the map: no type of source gives it yet.`,
      {
        remedy:
          'Search for kind database, schema, table, field or workspace; GET /api/v1/source-types says what is collected.',
      },
    );
  if (kind?.includes('workspace') === true)
    throw new Problem('INVALID_INPUT', 'Workspaces are searched by themselves: kind=workspace goes with q alone.', {
      remedy: 'Leave the other kinds and filters out, or leave workspace out.',
    });
  const fields = kind?.includes('field') ?? false;
  if (fields && kind?.some((each) => each !== 'field'))
    throw new Problem('INVALID_INPUT', 'Fields are searched by themselves: kind=field goes with no other kind.', {
      remedy: 'Leave the other kinds out, or leave field out: a table found by a field of its is shown as that field.',
    });
  return {
    text: q,
    filters: {
      ...filters,
      ...(kind === undefined ? {} : { kind: fields ? ['table'] : kind }),
      ...(hasDescription === undefined ? {} : { hasDescription: [String(hasDescription)] }),
      ...(hasLineage === undefined ? {} : { hasLineage: [String(hasLineage)] }),
    },
    ...(fields ? { within: 'columns' as const } : {}),
    visibleTo: await searchMarks(database, actor),
    facets,
    ...(filters.visibility === undefined && !facets.includes('visibility')
      ? {}
      : { publicMarks: await publicMarks(database) }),
    limit,
    ...(cursor === undefined ? {} : { cursor }),
  };
}
