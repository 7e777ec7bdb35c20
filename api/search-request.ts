import type { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { publicMarks, searchMarks } from '../access/visibility.js';
import type { Database } from '../db/database.js';
import type { SearchRequest } from '../search/port.js';
import { Problem } from './problems.js';
import type { searchQuery } from './schemas/search.js';

/** What a search over HTTP asks of the index, as this person may see it. Every route that searches goes through here. */
export async function searchRequest(
  database: Database,
  { q, facets, cursor, limit, hasDescription, hasLineage, kind, ...filters }: z.output<typeof searchQuery>,
  actor: Actor,
): Promise<SearchRequest> {
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
