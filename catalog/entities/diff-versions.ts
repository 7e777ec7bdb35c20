import { createTwoFilesPatch } from 'diff';
import type { Column } from '../model/table.js';
import type { Version } from './versions.js';

/** A value before and after; null where there was or is none. */
export interface ValueChange {
  field: string;
  from: unknown;
  to: unknown;
}

/** Something with a name that is in both versions and differs. */
export interface NamedChange {
  name: string;
  changes: ValueChange[];
}

export interface ListDiff<Item> {
  added: Item[];
  removed: Item[];
  changed: NamedChange[];
}

/** A line of two lists of columns side by side; null where one side has none. */
export interface AlignedColumn {
  change: 'same' | 'changed' | 'added' | 'removed' | 'possibly renamed';
  from: Column | null;
  to: Column | null;
}

export interface VersionDiff {
  from: number;
  to: number;
  /** Type, guid, owner, comment and how the table is partitioned. */
  properties: ValueChange[];
  columns: ListDiff<Column> & {
    /** Pairs of a removed and an added column that differ in name alone; a source does not tell, so it is a guess. */
    possibleRenames: { from: string; to: string }[];
    /** Every column of either version, to be shown side by side; see {@link alignColumns}. */
    aligned: AlignedColumn[];
  };
  /** Primary, unique and foreign keys, named by their constraint. */
  keys: ListDiff<Record<string, unknown> & { name: string }>;
  indexes: ListDiff<Record<string, unknown> & { name: string }>;
  /** A unified diff of the view's text; null where it is the same, or where that of either may not be seen. */
  viewDefinition: string | null;
  /** What of either version names a database that the reader may not see; absent where nothing does. */
  restricted?: 'viewDefinition'[];
}

/** Compares two versions of one entity, the older first. */
export function diffVersions(from: Version, to: Version): VersionDiff {
  const columns = diffLists(from.structure.columns, to.structure.columns);
  const renames = possibleRenames(from.structure.columns, to.structure.columns);
  const restricted = from.structure.restricted ?? to.structure.restricted;
  return {
    from: from.version,
    to: to.version,
    properties: diffFields(propertiesOf(from), propertiesOf(to)),
    columns: { ...columns, possibleRenames: renames, aligned: alignColumns(from, to, renames) },
    keys: diffLists(keysOf(from), keysOf(to)),
    indexes: diffLists(from.structure.indexes.map(plain), to.structure.indexes.map(plain)),
    viewDefinition: restricted === undefined ? diffTexts(viewText(from), viewText(to)) : null,
    ...(restricted === undefined ? {} : { restricted }),
  };
}

type Named = { name: string };

function diffLists<Item extends Named>(before: readonly Item[], after: readonly Item[]): ListDiff<Item> {
  const old = new Map(before.map((item) => [item.name, item]));
  const now = new Map(after.map((item) => [item.name, item]));
  return {
    added: after.filter(({ name }) => !old.has(name)),
    removed: before.filter(({ name }) => !now.has(name)),
    changed: after.flatMap((item): NamedChange[] => {
      const earlier = old.get(item.name);
      const changes = earlier === undefined ? [] : diffFields(plain(earlier), plain(item));
      return changes.length === 0 ? [] : [{ name: item.name, changes }];
    }),
  };
}

function diffFields(before: Record<string, unknown>, after: Record<string, unknown>): ValueChange[] {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return fields.flatMap((field): ValueChange[] => {
    const change = { field, from: before[field] ?? null, to: after[field] ?? null };
    return JSON.stringify(change.from) === JSON.stringify(change.to) ? [] : [change];
  });
}

function propertiesOf({ guid, type, owner, comment, structure }: Version): Record<string, unknown> {
  return { guid, type, owner, comment, partitionedBy: structure.partitionedBy, ...prefixed(structure.properties) };
}

const prefixed = (properties: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(properties).map(([name, value]) => [`properties.${name}`, value]));

function keysOf({ structure }: Version): (Record<string, unknown> & Named)[] {
  return [
    ...(structure.primaryKey === undefined ? [] : [{ kind: 'primary', ...structure.primaryKey }]),
    ...structure.uniqueKeys.map((key) => ({ kind: 'unique', ...key })),
    ...structure.foreignKeys.map((key) => ({ kind: 'foreign', ...key })),
  ];
}

const plain = <Item extends Named>(item: Item): Record<string, unknown> & Named => ({ ...item });

/**
 * Each removed column is paired once, with an added one that has all but its name and place: where the columns around them
 * stayed the same first, since a rename leaves a column where it is, then wherever one is left.
 */
function possibleRenames(before: readonly Column[], after: readonly Column[]): { from: string; to: string }[] {
  const [removed, added] = [goneFrom(before, after), goneFrom(after, before)];
  const found = new Map<string, string>();
  for (const sameBeside of [true, false])
    for (const { column, beside } of removed) {
      if (found.has(column.name)) continue;
      const place = added.findIndex(
        (one) => essence(one.column) === essence(column) && (!sameBeside || one.beside === beside),
      );
      const [match] = place === -1 ? [] : added.splice(place, 1);
      if (match !== undefined) found.set(column.name, match.column.name);
    }
  return removed.flatMap(({ column: { name } }) => {
    const to = found.get(name);
    return to === undefined ? [] : [{ from: name, to }];
  });
}

/** The columns that the others do not have, each with the last column before it that they have. */
function goneFrom(columns: readonly Column[], others: readonly Column[]): { column: Column; beside: string }[] {
  const stayed = new Set(others.map(({ name }) => name));
  let beside = '';
  return columns.flatMap((column) => {
    if (!stayed.has(column.name)) return [{ column, beside }];
    beside = column.name;
    return [];
  });
}

/** In the order of the later version; what was removed stands after what it stood after before. */
function alignColumns(from: Version, to: Version, renames: VersionDiff['columns']['possibleRenames']): AlignedColumn[] {
  const before = new Map(from.structure.columns.map((column) => [column.name, column]));
  const formerName = new Map(renames.map((rename) => [rename.to, rename.from]));
  const lines = to.structure.columns.map((column): AlignedColumn => {
    const former = formerName.get(column.name);
    if (former !== undefined) return { change: 'possibly renamed', from: before.get(former) ?? null, to: column };
    const earlier = before.get(column.name);
    if (earlier === undefined) return { change: 'added', from: null, to: column };
    return {
      change: diffFields(plain(earlier), plain(column)).length === 0 ? 'same' : 'changed',
      from: earlier,
      to: column,
    };
  });
  const kept = new Set(lines.map((line) => line.from?.name));
  from.structure.columns.forEach((column, place) => {
    if (kept.has(column.name)) return;
    const predecessor = from.structure.columns[place - 1]?.name;
    const at = predecessor === undefined ? 0 : lines.findIndex((line) => line.from?.name === predecessor) + 1;
    lines.splice(at, 0, { change: 'removed', from: column, to: null });
  });
  return lines;
}

function essence({ name: _name, ordinal: _ordinal, ...rest }: Column): string {
  return JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A unified diff of what two versions say, or null where they say the same. */
export function diffTexts(
  from: { version: number; text: string },
  to: { version: number; text: string },
): string | null {
  if (from.text === to.text) return null;
  return createTwoFilesPatch(`version ${from.version}`, `version ${to.version}`, from.text, to.text);
}

const viewText = ({ version, structure }: Version) => ({ version, text: structure.viewDefinition ?? '' });
