import { Refusal } from '../db/refusals.js';
import type { Permission } from './permissions.js';

/** The person is known and may not do this. Names the permission, and the workspace only to its members. */
export class Forbidden extends Refusal {
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

/** The person sees the collection and may not change it. Names who may. */
export class NotAnOwner extends Refusal {
  readonly code = 'FORBIDDEN';

  constructor(workspace: { name: string } | null, owners: readonly string[]) {
    super(
      `You need to be an owner of this collection, or the permission collection.manage${workspace === null ? '' : ` in the workspace ${workspace.name}`}`,
      owners.length === 0 ? 'Ask an administrator: it has no owner.' : `Ask one of its owners: ${owners.join(', ')}.`,
    );
  }
}

/** Says the same whether the address or the password is wrong. */
export class SignInFailed extends Refusal {
  readonly code = 'SIGN_IN_FAILED';

  constructor() {
    super('The e-mail address or the password is wrong', 'Try again, or ask an administrator for a login link.');
  }
}

/** A login link that was used, is too old, or never was. */
export class LoginLinkInvalid extends Refusal {
  readonly code = 'LOGIN_LINK_INVALID';

  constructor() {
    super('This login link was used already or is older than 15 minutes', 'Ask for a new one: datamap login');
  }
}

export class PasswordRefused extends Refusal {
  readonly code = 'PASSWORD_REFUSED';
}

/** Somebody must be left who can let others in. */
export class LastAdmin extends Refusal {
  readonly code = 'LAST_ADMIN';

  constructor(readonly of: 'installation' | 'workspace') {
    super(
      `This is the last administrator of the ${of}`,
      `Make another ${of === 'workspace' ? 'member' : 'person'} an administrator first.`,
    );
  }
}

/** The workspace cannot be deleted, because it owns something. */
export class WorkspaceInUse extends Refusal {
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
