import { type Ddl, type DescribedTable, partitionNotes } from '../../catalog/model/ddl.js';
import { columnClause } from './ddl-columns.js';
import { foreignKeyStatements, keyClauses } from './ddl-keys.js';
import { literal, sqlName } from './ddl-names.js';
import { partitionClause } from './ddl-partitions.js';

/** Writes what MySQL or MariaDB makes the table of again, from what is kept of it. Names stand without their database. */
export function mysqlDdl(table: DescribedTable): Ddl {
  return table.type === 'VIEW' ? view(table) : relation(table);
}

function view(table: DescribedTable): Ddl {
  const { viewDefinition, properties } = table.structure;
  const name = sqlName(table.name);
  if (viewDefinition === undefined)
    return {
      notes: [`The text of ${name} could not be read, so it cannot be made again.`],
      statements: [],
      foreignKeys: [],
    };
  const { definer, security, checkOption } = properties;
  const head = [
    'CREATE',
    ...(definer === undefined ? [] : [`DEFINER=${account(definer)}`]),
    ...(security === undefined ? [] : [`SQL SECURITY ${security}`]),
    `VIEW ${name} AS`,
  ].join(' ');
  return {
    notes: ['Not collected, so left out: the algorithm of the view, privileges.'],
    statements: [
      `${head}\n${viewDefinition.replace(/\s*;\s*$/, '')}${checkOption === undefined ? '' : `\nWITH ${checkOption} CHECK OPTION`}`,
    ],
    foreignKeys: [],
  };
}

/** `user@host`, where the user may hold an @ and the host may not; a role has no host. */
function account(definer: string): string {
  const at = definer.lastIndexOf('@');
  return at === -1 ? sqlName(definer) : `${sqlName(definer.slice(0, at))}@${sqlName(definer.slice(at + 1))}`;
}

function relation(table: DescribedTable): Ddl {
  const { columns, properties, foreignKeys } = table.structure;
  const { engine, collation, createOptions, systemVersioned } = properties;
  const { clause, notes } = partitionClause(table);
  const clauses = [...columns.map(columnClause), ...keyClauses(table), ...period(table)];
  const options = [
    ...(engine === undefined ? [] : [`ENGINE=${engine}`]),
    ...(collation === undefined ? [] : [`COLLATE=${collation}`]),
    ...(createOptions === undefined ? [] : [createOptions]),
    ...(table.comment === null ? [] : [`COMMENT=${literal(table.comment)}`]),
    ...(systemVersioned === undefined ? [] : ['WITH SYSTEM VERSIONING']),
  ];
  return {
    notes: [
      ...notes,
      ...(table.partitionsLeftOut === 'all' ? [] : partitionNotes(table)),
      ...(engine === 'FEDERATED' ? ['Where a FEDERATED table connects to is not collected: add CONNECTION.'] : []),
      ...(foreignKeys.some(({ onUpdate }) => onUpdate === undefined)
        ? ['The rules of foreign keys could not be read: they get the usual ones.']
        : []),
      'Not collected, so left out: CHECK constraints, triggers, privileges, the next AUTO_INCREMENT.',
    ],
    statements: [
      `CREATE TABLE ${sqlName(table.name)} (\n    ${clauses.join(',\n    ')}\n)${options.length === 0 ? '' : ` ${options.join(' ')}`}${clause}`,
    ],
    foreignKeys: foreignKeyStatements(table),
  };
}

/** The period that the columns of a system-versioned table are, where they are not hidden (MariaDB). */
function period({ structure }: DescribedTable): string[] {
  const column = (expression: string) =>
    structure.columns.find(({ generated }) => generated?.expression === expression);
  const [start, end] = [column('ROW START'), column('ROW END')];
  return start === undefined || end === undefined
    ? []
    : [`PERIOD FOR SYSTEM_TIME (${sqlName(start.name)}, ${sqlName(end.name)})`];
}
