/** What the catalog refuses: a code for programs, a message and a remedy for people. Never holds a secret. */
export abstract class CatalogError extends Error {
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

/** There is no such object, or none that the asker may know of. */
export class NotFound extends CatalogError {
  readonly code = 'NOT_FOUND';

  constructor(
    /** In the words of people, e.g. `crawler`. */
    readonly kind: string,
    readonly id: string,
  ) {
    super(`There is no ${kind} ${id}`, `Check the id; the ${kind} may have been deleted.`);
  }
}

/** Somebody else changed the object since it was read. */
export class VersionConflict extends CatalogError {
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
export class NameTaken extends CatalogError {
  readonly code = 'NAME_TAKEN';

  constructor(
    readonly kind: string,
    readonly takenName: string,
  ) {
    super(`There already is a ${kind} named ${takenName}`, 'Choose another name.');
  }
}

/** One or more fields of what was asked are wrong. */
export class InvalidInput extends CatalogError {
  readonly code = 'INVALID_INPUT';

  constructor(
    /** `path` as in the request, e.g. `config.port`. */
    readonly issues: readonly { path: string; message: string }[],
    remedy = 'Correct the fields named here and try again.',
  ) {
    super(issues.map((issue) => `${issue.path} ${issue.message}`).join('; '), remedy);
  }
}
