import { partsOf } from '../compounds.js';
import { popularityRank, type SearchDocument } from '../port.js';
import { compact, fold, wordsOf } from '../words.js';
import { encodeLabelled, encodeValue } from './facet-values.js';

const KINDS: Record<SearchDocument['kind'], number> = { table: 3, schema: 2, database: 1 };

/** A document as the engine keeps it: ours as it is, and beside it what is searched, filtered and sorted by. */
export interface IndexedDocument {
  id: string;
  document: SearchDocument;
  /** The whole name without separators, for exact names and their beginnings. */
  name_key: string;
  /** See {@link spaced}. */
  name_words: string;
  column_keys: string[];
  column_words: string[];
  text: string[];
  path_words: string;
  guid: string;
  visible_to: string;
  kind_rank: number;
  popularity_rank: number;
  name_length: number;
  changed_at: number;
  [facet: `filter_${string}` | `count_${string}`]: string | string[];
}

/** What is searched, best first: the engine ranks by the attribute that matched. */
export const SEARCHED = ['name_key', 'name_words', 'column_keys', 'column_words', 'text', 'path_words'] as const;

/** What {@link SEARCHED} holds as words of people's texts: where to look for what the engine matched. */
export const MARKED = ['name_words', 'column_words', 'text', 'path_words'] as const;

/** A document with what the engine needs to find it. */
export function indexed(document: SearchDocument): IndexedDocument {
  const comments = [
    document.comment,
    document.description,
    document.owner,
    ...document.tags,
    ...document.columnComments,
  ];
  const described = Boolean(document.comment?.trim()) || Boolean(document.description?.trim());
  return {
    id: document.id,
    document,
    name_key: compact(document.name),
    name_words: spacedWithParts(document.name),
    column_keys: document.columnNames.map(compact),
    column_words: document.columnNames.map(spacedWithParts),
    text: comments.filter((text) => text !== null && text !== '').map((text) => spaced(text as string)),
    path_words: [document.database, document.schema, document.dataSourceName]
      .map((place) => spaced(place ?? ''))
      .join(' '),
    guid: encodeValue(document.guid),
    visible_to: encodeValue(document.visibleTo),
    kind_rank: KINDS[document.kind],
    popularity_rank: popularityRank(document),
    name_length: document.name.length,
    changed_at: document.changedAt,
    filter_kind: encodeValue(document.kind),
    filter_type: encodeValue(document.type),
    filter_sourceType: encodeValue(document.sourceType),
    filter_dataSourceId: encodeValue(document.dataSourceId),
    count_dataSourceId: encodeLabelled(document.dataSourceId, document.dataSourceName),
    filter_workspaceId: encodeValue(document.workspaceId),
    count_workspaceId: encodeLabelled(document.workspaceId, document.workspaceName),
    filter_database: encodeValue(document.database),
    ...(document.schema === null ? {} : { filter_schema: encodeValue(document.schema) }),
    ...(document.owner === null ? {} : { filter_owner: encodeValue(document.owner) }),
    filter_hasDescription: String(described),
    filter_tag: document.tags.map(encodeValue),
    filter_hasLineage: String(document.hasLineage),
  };
}

/** A name as {@link spaced} gives it, and after it the words that its words are written of. */
function spacedWithParts(name: string): string {
  const whole = spaced(name);
  const parts = whole.split(' ').flatMap((word) => partsOf(word) ?? []);
  return parts.length === 0 ? whole : `${whole} ${parts.join(' ')}`;
}

/**
 * A text as words with spaces between, so that the engine takes documents and queries apart as PostgreSQL's adapter does:
 * it knows no camelCase and takes `<b>` for a part of its neighbours. Scripts without spaces stay whole: it has a
 * dictionary for those.
 */
export function spaced(name: string): string {
  const pieces: string[] = [];
  let end = 0;
  for (const word of wordsOf(name)) {
    if (word.end <= end) continue;
    const overlaps = word.start < end;
    if (overlaps) pieces[pieces.length - 1] += fold(name.slice(end, word.end));
    else pieces.push(fold(name.slice(word.start, word.end)));
    end = word.end;
  }
  return pieces.join(' ');
}
