import { FACETS, type Facet, type SearchRequest } from '../port.js';
import { isUpdated, rangeOf, UPDATED } from '../updated.js';
import { fold } from '../words.js';

/** Between an id and the words for people in a facet that has both. */
const LABEL = '~';

/**
 * A value as the engine's filters can tell it apart from every other. They compare without case and accents, trim,
 * and cannot express a backslash before a quotation mark; so whatever they would change is written as `%` and its bytes.
 */
export function encodeValue(value: string): string {
  return [...value]
    .map((character) => (/["\\%~\s]/.test(character) || fold(character) !== character ? percent(character) : character))
    .join('');
}

/** The value that {@link encodeValue} wrote. */
export function decodeValue(encoded: string): string {
  return decodeURIComponent(encoded.replace(/%(?![0-9a-f]{2})/g, '%25'));
}

function percent(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

/** A facet whose values are ids, with the name that people know it by. */
export function encodeLabelled(value: string, label: string): string {
  return `${encodeValue(value)}${LABEL}${encodeValue(label)}`;
}

/** A value as it stands in the engine's counts, with its label where it has one. */
export function decodeLabelled(encoded: string): { value: string; label?: string } {
  const [value = '', label] = encoded.split(LABEL);
  return { value: decodeValue(value), ...(label === undefined ? {} : { label: decodeValue(label) }) };
}

/**
 * The attribute that is counted for a facet. It is filtered by `filter_<facet>`, which has no label.
 * @returns undefined for a facet that no attribute holds: its values, which are few, are each counted by its condition
 */
export function countedAttribute(facet: Facet): string | undefined {
  if (facet in COMPUTED) return undefined;
  return facet === 'dataSourceId' || facet === 'workspaceId' ? `count_${facet}` : `filter_${facet}`;
}

const COMPUTED: Partial<Record<Facet, readonly string[]>> = { updated: UPDATED, visibility: ['tenant', 'workspace'] };

/** The values of facets that are counted one by one, in the order of the facets asked for. */
export function computedValues(facets: readonly Facet[]): { facet: Facet; value: string }[] {
  return facets.flatMap((facet) => (COMPUTED[facet] ?? []).map((value) => ({ facet, value })));
}

/**
 * Visibility and filters in the engine's language: every line must hold.
 * @param without a facet whose own filter is left out
 */
export function filterOf(request: Narrowed, without?: Facet): string[] {
  const { visibleTo, filters } = request;
  const lines: string[] = [];
  if (visibleTo !== 'everything') lines.push(isOneOf('visible_to', visibleTo));
  for (const facet of FACETS) {
    const values = filters[facet];
    if (values !== undefined && facet !== without) lines.push(conditionOf(request, facet, values));
  }
  return lines;
}

type Narrowed = Pick<SearchRequest, 'visibleTo' | 'filters' | 'publicMarks'>;

/** The condition that a document has one of some values of a facet. */
export function conditionOf({ publicMarks = [] }: Narrowed, facet: Facet, values: readonly string[]): string {
  if (!(facet in COMPUTED)) return isOneOf(`filter_${facet}`, values);
  const conditions = values.flatMap((value) => {
    if (facet === 'visibility') {
      const isPublic = isOneOf('visible_to', publicMarks);
      return value === 'tenant' ? [isPublic] : value === 'workspace' ? [`NOT ${isPublic}`] : [];
    }
    if (!isUpdated(value)) return [];
    const { from, before } = rangeOf(value);
    return [from === undefined ? `changed_at < ${before}` : `changed_at >= ${from}`];
  });
  return conditions.length === 0 ? isOneOf('visible_to', []) : `(${conditions.join(' OR ')})`;
}

/** The condition that an attribute has one of some values; of none, that it has none. */
export function isOneOf(attribute: string, values: readonly string[]): string {
  return `${attribute} IN [${values.map((value) => `"${encodeValue(value)}"`).join(', ')}]`;
}
