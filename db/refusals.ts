/** What the rooms above refuse to do with a row: a code for programs, a message and a remedy for people. Holds no secret. */
export abstract class Refusal extends Error {
  abstract readonly code: string;
  readonly remedy: string;
  /** True where trying again cannot help, so that a durable step gives up at once. */
  readonly permanent: boolean = true;

  constructor(message: string, remedy: string) {
    super(message);
    this.name = new.target.name;
    this.remedy = remedy;
  }
}

/** There is no such thing, or none that the asker may know of. */
export class NotFound extends Refusal {
  readonly code = 'NOT_FOUND';

  constructor(
    /** In the words of people, e.g. `crawler`. */
    readonly kind: string,
    readonly id: string,
  ) {
    super(
      `There is no ${kind} ${id}`,
      `Check the id; the ${kind} may have been deleted, or you may not see it: an admin of its workspace can add you.`,
    );
  }
}

/** Somebody else changed the object since it was read. */
export class VersionConflict extends Refusal {
  readonly code = 'VERSION_CONFLICT';

  constructor(
    readonly kind: string,
    readonly id: string,
    readonly currentVersion: number,
  ) {
    super(
      `This ${kind} was changed meanwhile: it is at version ${currentVersion}`,
      'Read it again, and repeat the change on what it says now.',
    );
  }
}

/** Names are unique: in the workspace, or in the installation for what belongs to no workspace. */
export class NameTaken extends Refusal {
  readonly code = 'NAME_TAKEN';

  constructor(
    readonly kind: string,
    readonly takenName: string,
  ) {
    super(`There already is a ${kind} named ${takenName}`, 'Choose another name.');
  }
}
