import { Refusal } from '../../db/refusals.js';

/** Something was to run in a resource group that does not exist. */
export class GroupUnknown extends Refusal {
  readonly code = 'GROUP_UNKNOWN';

  constructor(readonly groupId: string) {
    super(`There is no resource group ${groupId}`, 'Choose one of the existing resource groups, or create it first.');
  }
}

/** The group cannot be deleted, because crawlers run in it. */
export class GroupInUse extends Refusal {
  readonly code = 'GROUP_IN_USE';

  constructor(
    readonly groupId: string,
    readonly crawlers: readonly { id: string; name: string; workspaceId: string }[],
  ) {
    super(
      `The resource group ${groupId} is used by ${crawlers.length} crawler${crawlers.length === 1 ? '' : 's'}`,
      'Move its crawlers to another resource group first.',
    );
  }
}
