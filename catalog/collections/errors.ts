import { Refusal } from '../../db/refusals.js';

/** Somebody must be left whose a collection is. */
export class LastOwner extends Refusal {
  readonly code = 'LAST_OWNER';

  constructor() {
    super('This is the only owner of the collection', 'Make somebody else an owner first, or delete the collection.');
  }
}

/** An owner who is no member of the workspace would own a collection that he or she does not see. */
export class OwnerNotMember extends Refusal {
  readonly code = 'OWNER_NOT_MEMBER';

  constructor() {
    super(
      'The person is no member of the workspace whose members see this collection',
      'Make the person a member of the workspace first, or make the collection public.',
    );
  }
}

/** A list that can be read and counted with every page of collections has to end somewhere. */
export class CollectionFull extends Refusal {
  readonly code = 'COLLECTION_FULL';

  constructor(of: 'items' | 'sections' | 'owners', most: number) {
    super(
      `A collection holds at most ${most.toLocaleString('en')} ${of}`,
      of === 'owners' ? 'Take an owner off first.' : 'Take some out, or begin another collection.',
    );
  }
}

/** The mark says something to others, and a private collection has none. */
export class PrivateNotOfficial extends Refusal {
  readonly code = 'PRIVATE_NOT_OFFICIAL';

  constructor() {
    super('A private collection cannot be official', 'Let a workspace or everybody see it first.');
  }
}
