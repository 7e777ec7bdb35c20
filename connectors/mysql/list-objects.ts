import { createHash, randomUUID } from 'node:crypto';
import type { ObjectHead } from '../contract.js';
import {
  columnsOf,
  FOREIGN_KEY_COLUMNS,
  FOREIGN_KEY_RULES,
  hashStatement,
  indexesOf,
  NAMES,
  PARTITIONS,
  VIEWS,
} from './catalogue-queries.js';
import { metContention } from './contention.js';
import { type ObjectRow, readObjects, text } from './objects.js';
import type { Session } from './session.js';

/**
 * Lists every object of a database with its fingerprint, a page at a time: all names first, in one statement that
 * opens no table and waits for none, then the pages. A table that is being altered right now cannot be hashed; it is
 * listed with a fingerprint that matches nothing, so that it counts as there and is read.
 */
export async function* listObjects(
  session: Session,
  database: string,
  pageSize: number,
): AsyncGenerator<ObjectHead[], void, void> {
  const names: string[] = [];
  await session.eachRow(NAMES, [database], (row) => names.push(String(text(row[0]))));
  for (let start = 0; start < names.length; start += pageSize) {
    const objects = await readObjects(session, database, names.slice(start, start + pageSize));
    const hashes = await hashesOf(session, database, [...objects.values()]);
    const page = [...objects.values()].map((object) => headOf(object, hashes));
    if (page.length > 0) yield page;
  }
}

/** Object name -> hash of each section. Undefined when a lock hid rows of an unknown object of the page. */
async function hashesOf(
  session: Session,
  database: string,
  objects: readonly ObjectRow[],
): Promise<Map<string, string[]> | undefined> {
  const hashes = new Map<string, string[]>();
  const names = objects.filter(({ unreadable }) => unreadable?.busy !== true).map(({ name }) => name);
  if (names.length === 0) return hashes;
  const { flavour } = session;
  const sections = [columnsOf(flavour), indexesOf(flavour), FOREIGN_KEY_COLUMNS, FOREIGN_KEY_RULES];
  if (objects.some(({ mayBePartitioned }) => mayBePartitioned)) sections.push(PARTITIONS);
  if (objects.some(({ kind }) => kind === 'view')) sections.push(VIEWS);
  const bindings = sections.flatMap(() => [database, names]);
  await session.eachRow(hashStatement(sections, flavour), bindings, ([object, section, hash]) => {
    const name = String(text(object));
    const known = hashes.get(name) ?? [];
    // Sections that not every page asks for are told apart by their table, not by their place.
    known.push(`${sections[Number(section)]?.from}=${text(hash)}`);
    hashes.set(name, known);
  });
  return (await metContention(session)) ? undefined : hashes;
}

function headOf(object: ObjectRow, hashes: Map<string, string[]> | undefined): ObjectHead {
  const settled = hashes !== undefined && object.unreadable?.busy !== true;
  const sections = hashes?.get(object.name)?.sort() ?? [];
  return {
    key: object.name,
    schema: null,
    fingerprint: settled
      ? createHash('md5')
          .update(JSON.stringify([object.parts, sections]))
          .digest('hex')
      : `unsettled:${randomUUID()}`,
    ...(object.rows === undefined ? {} : { rows: object.rows }),
    ...(object.bytes === undefined ? {} : { bytes: object.bytes }),
  };
}
