import type { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { publicMarks, searchMarks } from '../access/visibility.js';
import type { Database } from '../db/database.js';
import type { AssetKind } from '../search/find-assets.js';
import type { SearchRequest } from '../search/port.js';
import { Problem } from './problems.js';
import type { searchQuery } from './schemas/search.js';

const OF_ALL_SEARCHES = ['kind', 'q', 'facets', 'cursor', 'limit'];
const OF_TASK_CODE = ['language', 'namespace'];

type Query = z.output<typeof searchQuery>;

/** Whether a search is for workspaces, and narrowed by nothing that these do not have. */
export const isForWorkspaces = (query: Query): boolean => isFor('workspace', query, []);

/** Whether a search is for the code of tasks, and narrowed by nothing that it does not have. */
export const isForTaskCode = (query: Query): boolean => isFor('task-code', query, [...OF_TASK_CODE, 'workspaceId']);

/** The kind of asset that a search is for, where it is narrowed by nothing that these do not have. */
export const assetsSought = (query: Query): AssetKind | undefined =>
  (['api', 'ai-asset'] as const).find((kind) => isFor(kind, query, ['workspaceId']));

function isFor(kind: 'workspace' | 'task-code' | AssetKind, query: Query, narrowedBy: readonly string[]): boolean {
  const allowed = [...OF_ALL_SEARCHES, ...narrowedBy];
  const fits = Object.entries(query).every(([name, value]) => value === undefined || allowed.includes(name));
  return fits && query.kind?.every((each) => each === kind) === true;
}

/** What a search over HTTP asks of the index, as this person may see it. Every route that searches goes through here. */
export async function searchRequest(
  database: Database,
  { q, facets, cursor, limit, hasDescription, hasLineage, kind, language, namespace, ...filters }: Query,
  actor: Actor,
): Promise<SearchRequest> {
  if (kind?.includes('workspace') === true)
    throw new Problem('INVALID_INPUT', 'Workspaces are searched by themselves: kind=workspace goes with q alone.', {
      remedy: 'Leave the other kinds and filters out, or leave workspace out.',
    });
  const asset = kind?.find((each) => each === 'api' || each === 'ai-asset');
  if (asset !== undefined)
    throw new Problem(
      'INVALID_INPUT',
      `${asset === 'api' ? 'APIs' : 'AI assets'} are searched by themselves: kind=${asset} goes with q and workspaceId alone.`,
      { remedy: `Leave the other kinds and filters out, or leave ${asset} out.` },
    );
  if (kind?.includes('task-code') === true || language !== undefined || namespace !== undefined)
    throw new Problem(
      'INVALID_INPUT',
      'Task code is searched by itself: kind=task-code goes with q, language, namespace and workspaceId alone, and these ' +
        'first two with no other kind.',
      { remedy: 'Search GET /api/v1/search with kind=task-code alone, or leave it, language and namespace out.' },
    );
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
