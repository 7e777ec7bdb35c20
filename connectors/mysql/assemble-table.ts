import type { Column, SourceTable, TableType } from '../../catalog/model/table.js';
import { type ObjectRow, text } from './objects.js';
import { partitionsFrom } from './partitions.js';
import type { Row } from './session.js';
import { foreignKeysFrom, indexesFrom } from './structure-of-keys.js';

/** What was read of a page, by object name. */
export interface Details {
  columns: Map<string, Column[]>;
  indexes: Map<string, Row[]>;
  foreignKeys: Map<string, Row[]>;
  rules: Map<string, Row[]>;
  partitions: Map<string, Row[]>;
  views: Map<string, Row[]>;
}

/** What the account may not see of an object that it does see. */
export type Hidden = 'view text' | 'foreign key rules';

/** Puts one object together from the sections of its page. */
export function assembleTable(
  object: ObjectRow,
  details: Details,
  database: string,
): { table: SourceTable; hidden: Hidden[] } {
  const { name } = object;
  const of = (section: Map<string, Row[]>) => section.get(name) ?? [];
  const rules = new Map(
    of(details.rules).map((row) => {
      const [, constraint, onUpdate, onDelete] = row.map(text);
      return [constraint ?? '', { onUpdate: onUpdate ?? '', onDelete: onDelete ?? '' }];
    }),
  );
  const { partitionedBy, partitions } = partitionsFrom(of(details.partitions));
  const foreignKeys = foreignKeysFrom(of(details.foreignKeys), rules, database);
  const view = viewOf(of(details.views)[0]);
  const hidden: Hidden[] = [];
  if (object.kind === 'view' && view.definition === undefined) hidden.push('view text');
  if (foreignKeys.some((key) => key.onUpdate === undefined)) hidden.push('foreign key rules');
  return {
    hidden,
    table: {
      key: name,
      schema: null,
      name,
      type: typeOf(object, partitions.length > 0),
      ...(object.comment === undefined ? {} : { comment: object.comment }),
      structure: {
        columns: details.columns.get(name) ?? [],
        ...indexesFrom(of(details.indexes)),
        foreignKeys,
        ...(partitionedBy === undefined ? {} : { partitionedBy }),
        ...(view.definition === undefined ? {} : { viewDefinition: view.definition }),
        properties: { ...propertiesOf(object), ...view.properties },
      },
      partitions,
      ...(object.rows === undefined ? {} : { rows: object.rows }),
      ...(object.bytes === undefined ? {} : { bytes: object.bytes }),
    },
  };
}

/** FEDERATED tables are windows onto tables of another server. */
function typeOf({ kind, engine }: ObjectRow, partitioned: boolean): TableType {
  if (kind === 'view') return 'VIEW';
  if (engine === 'FEDERATED') return 'FOREIGN_TABLE';
  return partitioned ? 'PARTITIONED_TABLE' : 'TABLE';
}

function propertiesOf({ engine, collation, createOptions, systemVersioned }: ObjectRow): Record<string, string> {
  return {
    ...(engine === undefined ? {} : { engine }),
    ...(collation === undefined ? {} : { collation }),
    ...(createOptions === '' ? {} : { createOptions }),
    ...(systemVersioned ? { systemVersioned: 'true' } : {}),
  };
}

/** The text is empty without SHOW VIEW. */
function viewOf(row: Row | undefined): { definition?: string; properties: Record<string, string> } {
  if (row === undefined) return { properties: {} };
  const [, definition, checkOption, definer, security] = row.map(text);
  return {
    ...(definition === undefined || definition === '' ? {} : { definition }),
    properties: {
      ...(definer === undefined || definer === '' ? {} : { definer }),
      ...(security === undefined || security === '' ? {} : { security }),
      ...(checkOption === undefined || checkOption === 'NONE' ? {} : { checkOption }),
    },
  };
}
