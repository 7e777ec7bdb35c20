import type { NativeConnection } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../workflows/contract.js';

/** INDEXED_VALUE_TYPE_KEYWORD of temporal.api.enums.v1. */
const KEYWORD = 2;

/** Someone else uses the names of our search attributes for another type; only an operator can mend that. */
export class MistypedAttributes extends Error {
  readonly code = 'MISTYPED_SEARCH_ATTRIBUTES';

  constructor(namespace: string, names: readonly string[]) {
    super(
      `The Temporal namespace ${namespace} has search attributes of our names but another type than Keyword: ` +
        `${names.join(', ')}. Use another namespace, or remove them there.`,
    );
    this.name = 'MistypedAttributes';
  }
}

/**
 * Makes the namespace know our search attributes; a start that carries an unknown one is refused. Repeatable, also
 * by several workers at once.
 * @throws MistypedAttributes
 */
export async function registerSearchAttributes(
  { operatorService }: Pick<NativeConnection, 'operatorService'>,
  namespace: string,
): Promise<string[]> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const mistyped = SEARCH_ATTRIBUTES.filter((name) => (customAttributes[name] ?? KEYWORD) !== KEYWORD);
  if (mistyped.length > 0) throw new MistypedAttributes(namespace, mistyped);
  const missing = SEARCH_ATTRIBUTES.filter((name) => customAttributes[name] === undefined);
  if (missing.length === 0) return [];
  try {
    await operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
    });
  } catch (error) {
    const after = await operatorService.listSearchAttributes({ namespace });
    if (missing.some((name) => after.customAttributes[name] === undefined)) throw error;
  }
  return missing;
}
