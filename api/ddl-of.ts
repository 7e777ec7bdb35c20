import { type DescribedTable, ddlText } from '../catalog/model/ddl.js';
import { connectorSpec } from '../connectors/registry.js';

/** A table in the language of its source, with what the text cannot say; undefined where the source has none. */
export function ddlOf(sourceType: string, table: DescribedTable): { text: string; notes: string[] } | undefined {
  const ddl = connectorSpec(sourceType)?.writeDdl?.(table);
  return ddl && { text: ddlText(ddl), notes: ddl.notes };
}
