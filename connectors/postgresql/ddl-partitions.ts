import type { Ddl, DescribedTable } from '../../catalog/model/ddl.js';
import { qualified } from './ddl-names.js';

/** A name that is kept with its schema is that of a partition in another schema than its table. */
const QUALIFIED = /^"(?:[^"]|"")+"\."(?:[^"]|"")+"$/;

/**
 * The partitions as tables of their own. By what a partition is itself partitioned is not collected, nor is the server
 * of a foreign one: these, and what is below them, are left out with a note.
 */
export function partitionStatements(table: DescribedTable): Pick<Ddl, 'notes' | 'statements'> {
  if (table.type !== 'PARTITIONED_TABLE') return { notes: [], statements: [] };
  const parents = new Set(table.partitions.map(({ parent }) => parent));
  const statements: string[] = [];
  const notes: string[] = [];
  let below = 0;
  for (const { name, bound, parent, properties } of table.partitions) {
    const written = QUALIFIED.test(name) ? name : qualified(table.schema, name);
    if (parent !== undefined) below += 1;
    else if (bound === undefined) notes.push(`The partition ${written} is left out: its bounds could not be read.`);
    else if (parents.has(name))
      notes.push(`The partition ${written} is left out with its own: by what it is partitioned is not collected.`);
    else if (properties?.type === 'FOREIGN_TABLE')
      notes.push(`The partition ${written} is left out: it is a foreign table, whose server is not collected.`);
    else statements.push(`CREATE TABLE ${written} PARTITION OF ${qualified(table.schema, table.name)}\n    ${bound}`);
  }
  if (below > 0) notes.push(`Partitions of partitions that are left out with them: ${below}.`);
  return { notes, statements };
}
