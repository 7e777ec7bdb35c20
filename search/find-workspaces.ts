import { ANY_TEXT, decodeCursor, encodeCursor, UUID } from '../catalog/model/cursor.js';
import { type VisibleWorkspaces, visibleBinding } from '../catalog/model/visible-workspaces.js';
import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { segmentsOfName } from './highlight.js';
import type { Segment } from './port.js';
import { allowedEdits, editDistance } from './typos.js';
import { compact, isUnspaced, plainWordsOf, queryWordsOf } from './words.js';

/** A workspace that was searched for. */
export interface FoundWorkspace {
  id: string;
  name: string;
  description: string | null;
  /** The name, cut where the match is. */
  segments: Segment[];
}

/** How well a word fits: as it stands, as a beginning, misspelt, or only in the description. */
const PLACES = ['whole', 'beginning', 'misspelt', 'described'] as const;

/**
 * Finds workspaces by the words of their names and descriptions: beginnings and misspellings too, the exact name first. They
 * are few and stand in PostgreSQL, so they are read as they are now, whichever engine indexes the map.
 * @param request.visible those that the searcher may see; an empty text finds all of them, by name
 * @throws InvalidCursor
 */
export async function findWorkspaces(
  database: Database,
  request: { text: string; visible: VisibleWorkspaces; cursor?: string | undefined; limit: number },
): Promise<{ workspaces: FoundWorkspace[]; total: number; nextCursor?: string }> {
  const after = decodeCursor(request.cursor, [/^\d{1,9}$/, ANY_TEXT, UUID]);
  const rows = await query<{ id: string; name: string; description: string | null }>(
    database,
    `SELECT id, name, description
       FROM workspace
      WHERE (:visible::uuid[] IS NULL OR id = ANY (:visible::uuid[]))`,
    { visible: visibleBinding(request.visible) },
  );
  const words = queryWordsOf(request.text);
  const sought = words.map((word) => ({ word, prefix: !isUnspaced(word) }));
  const found = rows
    .flatMap((row) => {
      const rank = rankOf(row, request.text, words);
      return rank === undefined ? [] : [{ ...row, key: [String(rank), row.name, row.id] }];
    })
    .sort((a, b) => inOrder(a.key, b.key));
  const rest = after === undefined ? found : found.filter(({ key }) => inOrder(key, after) > 0);
  const page = rest.slice(0, request.limit);
  const last = page.at(-1);
  return {
    workspaces: page.map(({ key: _, ...workspace }) => ({
      ...workspace,
      segments: segmentsOfName(workspace.name, sought, request.text),
    })),
    total: found.length,
    ...(rest.length > page.length && last !== undefined ? { nextCursor: encodeCursor(last.key) } : {}),
  };
}

/** Lower is better; undefined where a word fits nowhere. */
function rankOf(
  { name, description }: { name: string; description: string | null },
  text: string,
  words: readonly string[],
): number | undefined {
  if (compact(text) === compact(name)) return 0;
  const [inName, inDescription] = [plainWordsOf(name), plainWordsOf(description ?? '')];
  let rank = compact(name).startsWith(compact(text)) ? 1 : 2;
  for (const word of words) {
    const place = PLACES.findIndex((each) => fits(word, each, inName, inDescription));
    if (place < 0 && rank !== 1) return undefined;
    rank += Math.max(0, place) * 10;
  }
  return rank;
}

function fits(
  word: string,
  place: (typeof PLACES)[number],
  inName: readonly string[],
  inDescription: readonly string[],
): boolean {
  switch (place) {
    case 'whole':
      return inName.includes(word);
    case 'beginning':
      return inName.some((known) => known.startsWith(word));
    case 'misspelt':
      return !isUnspaced(word) && inName.some((known) => editDistance(word, known, true) <= allowedEdits(word.length));
    case 'described':
      return inDescription.some((known) => known.startsWith(word));
  }
}

/** By rank, then by name, then by id. */
function inOrder(a: readonly string[], b: readonly string[]): number {
  return (
    Number(a[0]) - Number(b[0]) ||
    (a[1] ?? '').localeCompare(b[1] ?? '', 'en') ||
    (a[2] ?? '').localeCompare(b[2] ?? '')
  );
}
