import type { Permission } from './permissions.js';

/** What access refuses: a code for programs, a message and a remedy for people. Never holds a secret. */
export abstract class AccessError extends Error {
  abstract readonly code: string;
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.name = new.target.name;
    this.remedy = remedy;
  }
}

/** The person is known and may not do this. Names the permission, and the workspace only to its members. */
export class Forbidden extends AccessError {
  readonly code = 'FORBIDDEN';

  constructor(
    readonly permission: Permission,
    readonly workspace?: { id: string; name: string },
  ) {
    super(
      `You need the permission ${permission}${workspace === undefined ? '' : ` in the workspace ${workspace.name}`}`,
      workspace === undefined
        ? 'Ask an administrator of this installation.'
        : `Ask an administrator of the workspace ${workspace.name}.`,
    );
  }
}

/** There is no such thing, or the asker may not know that there is. */
export class NotFound extends AccessError {
  readonly code = 'NOT_FOUND';

  constructor(
    /** In the words of people, e.g. `workspace`. */
    readonly kind: string,
    readonly id: string,
  ) {
    super(`There is no ${kind} ${id}`, `Check the id; the ${kind} may have been deleted.`);
  }
}

/** Somebody else changed the object since it was read. */
export class VersionConflict extends AccessError {
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

export class NameTaken extends AccessError {
  readonly code = 'NAME_TAKEN';

  constructor(
    readonly kind: string,
    readonly takenName: string,
  ) {
    super(`There already is a ${kind} named ${takenName}`, 'Choose another name.');
  }
}

/** Says the same whether the address or the password is wrong. */
export class SignInFailed extends AccessError {
  readonly code = 'SIGN_IN_FAILED';

  constructor() {
    super('The e-mail address or the password is wrong', 'Try again, or ask an administrator for a login link.');
  }
}

/** A login link that was used, is too old, or never was. */
export class LoginLinkInvalid extends AccessError {
  readonly code = 'LOGIN_LINK_INVALID';

  constructor() {
    super('This login link was used already or is older than 15 minutes', 'Ask for a new one: datamap login');
  }
}

export class PasswordRefused extends AccessError {
  readonly code = 'PASSWORD_REFUSED';
}

/** Somebody must be left who can let others in. */
export class LastAdmin extends AccessError {
  readonly code = 'LAST_ADMIN';

  constructor(readonly of: 'installation' | 'workspace') {
    super(
      `This is the last administrator of the ${of}`,
      `Make another ${of === 'workspace' ? 'member' : 'person'} an administrator first.`,
    );
  }
}

/** The workspace cannot be deleted, because it owns something. */
export class WorkspaceInUse extends AccessError {
  readonly code = 'WORKSPACE_IN_USE';

  constructor(
    name: string,
    readonly dataSources: number,
    readonly crawlers: number,
  ) {
    super(
      `The workspace ${name} owns ${dataSources} data sources and ${crawlers} crawlers`,
      'Delete those first; that takes what they collected off the map.',
    );
  }
}
