import { type Arm, classArms, findArms, matching } from './arms.js';
import type { Best } from './best-documents.js';
import type { Found } from './find.js';
import type { Shown } from './groups.js';
import { LONGEST_UNCUT } from './lexemes.js';
import { CLASSES, type MatchClass, type Reading, type ReadingClass } from './reading.js';
import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';
import type { ShareOf } from './usual-lexemes.js';

interface Wanted {
  shown: Shown;
  limit: number;
  best: Best;
  shareOf: ShareOf;
}

/**
 * The first hits of a reading, in the order of findBest, without counting what matches. Of each class the best documents are
 * asked first, and all only where those do not fill the page; classes after it is full are not looked for. Which of all this is
 * done comes from statistics, which choose the way and never what is found.
 */
export async function findPage(snapshot: Snapshot, tables: Tables, reading: Reading, wanted: Wanted): Promise<Found[]> {
  const { limit, shown, shareOf } = wanted;
  const ofClass = (name: MatchClass) => reading.classes.find(({ rank }) => CLASSES[rank] === name);
  const [name, path] = [ofClass('name'), ofClass('path')];
  const armsOf = (each: ReadingClass) => classArms(tables, each, wanted);
  if (name === undefined || path === undefined)
    return findArms(snapshot, { tables, limit }, reading.classes.flatMap(armsOf), []);
  // If no word has to do with another. In columns and texts too many have.
  const expected = ({ telling }: ReadingClass) =>
    telling.reduce((documents, part) => documents * shareOf(part), shown.documents);
  const best = classArms(tables, path, { ...wanted, expected: expected(path) }).slice(0, -1);
  // Where neither fills the page, names are found together with paths, which match whatever they do: the index is gone through once.
  const together = expected(name) < limit && best.every(({ idle }) => idle);
  const names = classArms(tables, name, { ...wanted, expected: expected(name) }).map((arm) =>
    together ? { ...arm, idle: true } : arm,
  );
  const arms = reading.classes.flatMap((each) => {
    if (each === name) return names;
    return each === path ? [...best, namedArm(tables, reading, { name, path }, wanted)] : armsOf(each);
  });
  return findArms(snapshot, { tables, limit }, arms, []);
}

/** The members of two classes, told apart by the words of the name: those in names, and those that some are in the path of. */
function namedArm(
  tables: Tables,
  { names = [] }: Reading,
  { name, path }: { name: ReadingClass; path: ReadingClass },
  wanted: Wanted,
): Arm {
  const matched = matching(path, wanted);
  return {
    rank: `CASE WHEN named THEN ${name.rank} ELSE ${path.rank} END`,
    sql: `SELECT id, standing,
                 ${names.map(() => 'strpos(names, ?) > 0').join(' AND ')}
                 OR (octet_length(names) >= ${LONGEST_UNCUT} AND words @@ (SELECT ?::tsquery)) AS named
          FROM ${tables.document}
          WHERE ${matched.sql}`,
    bindings: [...names, name.query, ...matched.bindings],
  };
}
