import { connectorSpec } from '../connectors/registry.js';
import { Problem } from './problems.js';

/** @throws Problem `NO_QUERY_HISTORY` where sources of the type keep none, or it is not read from them */
export function requireQueryHistory(sourceType: string): void {
  const spec = connectorSpec(sourceType);
  if (spec?.queryHistory !== undefined) return;
  throw new Problem('NO_QUERY_HISTORY', `No query history is read from ${spec?.displayName ?? sourceType}`, {
    remedy: 'Leave queryHistory out or false. GET /source-types says which types have one.',
  });
}
