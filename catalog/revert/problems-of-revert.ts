import type { Problem } from '../runs/problems.js';

/** Why something that a run changed does not go back. */
export type Obstacle = 'CHANGED_AGAIN' | 'PARTITIONS_NOT_KEPT' | 'VERSION_NOT_KEPT' | 'NAME_TAKEN' | 'IN_USE';

const WORDS: Record<Obstacle, { level: 'warning' | 'error'; message: string; remedy: string }> = {
  CHANGED_AGAIN: {
    level: 'error',
    message: 'Left as it is: it was changed again since',
    remedy: 'Revert the later run first, or compare its versions by hand.',
  },
  PARTITIONS_NOT_KEPT: {
    level: 'warning',
    message: 'Only its partitions were changed, and those that it had are not kept',
    remedy: 'Nothing needs to be done: a crawl collects the partitions as they are.',
  },
  VERSION_NOT_KEPT: {
    level: 'error',
    message: 'Left as it is: the version before is not kept any more',
    remedy: 'Run the crawler to collect it as it is now.',
  },
  NAME_TAKEN: {
    level: 'error',
    message: 'Left as it is: something else has the name by now that it had',
    remedy: 'Revert the later run that brought the other one, or run the crawler.',
  },
  IN_USE: {
    level: 'error',
    message: 'Left as it is: tables of it are on the map that the run did not add, or that were changed again',
    remedy: 'Nothing needs to be done: it leaves the map with the last of its tables.',
  },
};

/** An obstacle as the run lists it. */
export function problemOf(of: { kind: string; schema: string | null; name: string }, obstacle: Obstacle): Problem {
  return { schema: of.schema, name: of.kind === 'schema' ? null : of.name, code: obstacle, ...WORDS[obstacle] };
}
