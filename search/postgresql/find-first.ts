import { type Arm, classArms, findArms } from './arms.js';
import type { Best } from './best-documents.js';
import { type Found, MOST_COUNTED } from './find.js';
import type { Shown } from './groups.js';
import { CLASSES, type Reading, type ReadingClass } from './reading.js';
import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';
import type { ShareOf } from './usual-lexemes.js';
import type { UsualWords } from './usual-words.js';

/** Documents of the best standing whose names are looked at, of those that the searcher sees. */
const WALKED = 500;
/** Of a class with more members than this, any so many are compared. */
const COMPARED = 200;
/**
 * Where very many documents may be seen and names give so many, what stands in paths, columns and texts is not looked for:
 * it takes ten times as long, and whoever types goes on typing.
 */
const ENOUGH = 3;
/** A beginning of more words than this is not looked for word by word. */
const MOST_BEGUN = 6;
/** So many words stand together in few names. */
const MANY_WORDS = 3;

const NAME = CLASSES.indexOf('name');

interface Asked {
  tables: Tables;
  shown: Shown;
  limit: number;
  usual: UsualWords;
  best: Best;
  shareOf: ShareOf;
}

/**
 * The first hits of a reading, without knowing how many there are: what is wanted while somebody types. First the names,
 * exact ones, beginnings and words of them; then, where these do not do, everything else, class by class from the best until
 * the page is full. There is an end to the work in each: of a class with very many members
 * {@link COMPARED} are compared, so that the order is that of findBest but for equally good matches by the hundred.
 * Words of names are read in the order of their standing (name-words.ts), so that of names it is the very order.
 * @param spelledOut the same reading with its beginnings spelt out, for the index of words; asked for where it is needed
 */
export async function findFirst(
  snapshot: Snapshot,
  reading: Reading,
  spelledOut: () => Promise<Reading>,
  asked: Asked,
): Promise<Found[]> {
  const { shown, limit } = asked;
  const arms = (each: ReadingClass) => classArms(asked.tables, each, { ...asked, compared: COMPARED });
  const found: Found[] = [];
  const first = reading.classes.filter(({ rank }) => rank >= NAME);
  const named = shown.ofNames ? await nameArm(snapshot, reading, asked) : undefined;
  if (named !== undefined) {
    const whole = first.filter(({ rank }) => rank > NAME).flatMap(arms);
    found.push(...(await findArms(snapshot, asked, [...whole, named], [])));
  } else if (first.length > 0) {
    const { classes } = await spelledOut();
    found.push(...(await findArms(snapshot, asked, classes.filter(({ rank }) => rank >= NAME).flatMap(arms), [])));
  }
  const enough = shown.documents > MOST_COUNTED ? Math.min(isBegun(reading) ? 1 : ENOUGH, limit) : limit;
  if (found.length < enough) {
    // With words of names that are cut in what namesOf says of them.
    const { classes } = await spelledOut();
    const others = classes.filter(({ rank }) => rank < NAME || (named !== undefined && rank === NAME)).flatMap(arms);
    if (others.length > 0) found.push(...(await findArms(snapshot, asked, others, found)));
  }
  return found.sort(byPlace).slice(0, limit);
}

/** Whether a further word is only begun, by one letter: of all that begin so, the index of words would collect everything. */
function isBegun({ words }: Pick<Reading, 'words'>): boolean {
  return words.length > 1 && words.some(({ word, prefix }) => prefix && word.length === 1);
}

function byPlace({ place: a }: Found, { place: b }: Found): number {
  return b[0] - a[0] || b[1] - a[1] || (a[2] < b[2] ? 1 : -1);
}

/** The documents whose names have all words of a reading, by the words of names. Undefined where there is no word to begin with. */
async function nameArm(snapshot: Snapshot, { words, names }: Reading, asked: Asked): Promise<Arm | undefined> {
  const [only] = words;
  if (names === undefined || only === undefined) return undefined;
  if (words.length === 1 && only.prefix) return beginningArm(only.word, names[0] as string, asked);
  const { tables, shown, limit, usual } = asked;
  const whole = words.filter(({ prefix }) => !prefix).map(({ word }) => word);
  // Many words stand together in few names: the rarest one's rows would be read to their end, the index of words is not.
  if (words.length >= MANY_WORDS && !isBegun({ words })) return undefined;
  const rarest = await usual.rarest(snapshot, tables, whole);
  if (rarest === undefined) return undefined;
  // Thousands of rows are gone through: what is known of each is not looked for, and LIKE would take half as long again.
  const others = names.filter((_, at) => words[at]?.word !== rarest || words[at]?.prefix === true);
  return {
    rank: NAME,
    sql: `SELECT id, standing
          FROM ${tables.name}
          WHERE word = ? ${others.map(() => 'AND strpos(names, ?) > 0').join(' ')} ${shown.condition}
          ORDER BY standing DESC, id DESC
          LIMIT ${limit}`,
    bindings: [rarest, ...others, ...shown.bindings],
  };
}

/**
 * A beginning of few words is looked for word by word. One of very many is met soon among the names of the best standing;
 * where it is not, of the names with a word that begins so some are compared, as of any class. The dictionary is of all
 * documents, and tells only how to look: of up to {@link COMPARED} matches the same are found either way.
 */
function beginningArm(word: string, begun: string, { tables, shown, limit }: Asked): Arm {
  // The dictionary has words of letters, from three on.
  const isListed = word.length > 1 && !/^\p{N}/u.test(word);
  return {
    rank: NAME,
    sql: `WITH begun AS MATERIALIZED (
            SELECT ?::text AS word
            UNION ALL
            (SELECT term FROM ${tables.term} WHERE term > ? AND term < ? || U&'\\+10FFFF' LIMIT ${isListed ? MOST_BEGUN + 1 : 0})
          ), few AS MATERIALIZED (
            SELECT word FROM begun WHERE ${isListed} AND (SELECT count(*) FROM begun) <= ${MOST_BEGUN} + 1
          ), walked AS MATERIALIZED (
            SELECT id, standing
            FROM (
              SELECT id, standing, names FROM ${tables.document} WHERE TRUE ${shown.condition}
              ORDER BY standing DESC, id DESC
              LIMIT CASE WHEN EXISTS (SELECT FROM few) THEN 0 ELSE ${WALKED} END
            ) AS top
            WHERE strpos(names, ?) > 0
            LIMIT ${limit}
          )
          SELECT n.id, n.standing
          FROM few
          CROSS JOIN LATERAL (
            SELECT id, standing FROM ${tables.name} WHERE word = few.word ${shown.condition}
            ORDER BY standing DESC, id DESC
            LIMIT ${limit}
          ) AS n
          UNION
          SELECT id, standing FROM walked
          UNION
          SELECT id, standing
          FROM (
            SELECT id, standing FROM ${tables.name} WHERE word >= ? AND word < ? || U&'\\+10FFFF' ${shown.condition}
            LIMIT CASE WHEN EXISTS (SELECT FROM few) OR (SELECT count(*) FROM walked) >= ${limit} THEN 0 ELSE ${COMPARED} END
          ) AS compared`,
    bindings: [word, word, word, ...shown.bindings, begun, ...shown.bindings, word, word, ...shown.bindings],
  };
}
