import { Problem } from './problems.js';

/** The ETag of a version of an editable thing. Strong, since it is compared for edits only. */
export const entityTag = (version: number): string => `"${version}"`;

/**
 * Checks the If-Match of an edit against the version that stands.
 * @param current gives what stands now, for the answer to a conflict
 * @throws Problem PRECONDITION_REQUIRED without the header; VERSION_CONFLICT with both versions and what stands
 */
export async function checkVersion(
  ifMatch: string | undefined,
  version: number,
  current: () => Promise<unknown> | unknown,
): Promise<void> {
  if (ifMatch === undefined)
    throw new Problem('PRECONDITION_REQUIRED', 'An edit needs the header If-Match with the version it is based on.', {
      remedy: 'Read it first and send the ETag of the answer back as If-Match.',
    });
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (tags.includes(entityTag(version))) return;
  const yours = /^"(\d{1,9})"$/.exec(tags[0] ?? '')?.[1];
  throw new Problem('VERSION_CONFLICT', 'It was changed by somebody else since you read it.', {
    remedy: 'Read it again, decide which values to keep, and send the edit with the new ETag.',
    extra: {
      yourVersion: yours === undefined ? null : Number(yours),
      currentVersion: version,
      current: await current(),
    },
  });
}
