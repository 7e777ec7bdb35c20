import { type DescribedTable, ddlText, restrictedNotes } from '../catalog/model/ddl.js';
import { connectorSpec } from '../connectors/registry.js';

/** A table in the language of its source, with what the text cannot say; undefined where the source has none. */
export function ddlOf(sourceType: string, table: DescribedTable): { text: string; notes: string[] } | undefined {
  const write = connectorSpec(sourceType)?.writeDdl;
  if (write === undefined) return undefined;
  // A view without its text has no statements, and why it has none is not for its connector to say.
  const ddl = table.restricted?.viewDefinition ? { notes: [], statements: [], foreignKeys: [] } : write(table);
  const notes = [...restrictedNotes(table), ...ddl.notes];
  return { text: ddlText({ ...ddl, notes }), notes };
}
