import { type Arm, classArms, findArms, matching, togetherOf } from './arms.js';
import type { Best } from './best-documents.js';
import type { Found } from './find.js';
import type { Shown } from './groups.js';
import { LONGEST_UNCUT } from './lexemes.js';
import { CLASSES, type Reading, type ReadingClass } from './reading.js';
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
 * asked first, and all only where those do not fill the page; classes after it is full are not looked for.
 *
 * Words stand together in many names or in few. Where so few are to be expected that the page is not filled by them, names are
 * found together with paths, which match whatever they do, and told from them one by one: the index is gone through once. What
 * is expected comes from statistics, and chooses the way, never what is found.
 */
export async function findPage(snapshot: Snapshot, tables: Tables, reading: Reading, wanted: Wanted): Promise<Found[]> {
  const { limit, shown, shareOf } = wanted;
  const [name, path] = (['name', 'path'] as const).map((wantedClass) =>
    reading.classes.find(({ rank }) => CLASSES[rank] === wantedClass),
  );
  const together =
    name !== undefined && path !== undefined && shown.documents * togetherOf(name.parts, shareOf) < limit;
  const arms = reading.classes.flatMap((each) => {
    const own = classArms(tables, each, wanted);
    if (name === undefined || path === undefined || (each !== name && each !== path)) return own;
    const known = each === path ? own.slice(0, -1) : own;
    const arms = together ? known.map((arm) => ({ ...arm, idle: true })) : known;
    return each === path ? [...arms, namedArm(tables, reading, { name, path }, wanted)] : arms;
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
  const matched = matching(path.parts, wanted);
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
