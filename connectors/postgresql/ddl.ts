import { type Ddl, type DescribedTable, partitionNotes } from '../../catalog/model/ddl.js';
import type { TableType } from '../../catalog/model/table.js';
import { columnClause, sequencesOf, typedColumnClause } from './ddl-columns.js';
import { foreignKeyStatements, indexStatements, keyClauses } from './ddl-keys.js';
import { literal, qualified, sqlName } from './ddl-names.js';
import { partitionStatements } from './ddl-partitions.js';

const COMMENT_WORD: Record<TableType, string> = {
  TABLE: 'TABLE',
  PARTITIONED_TABLE: 'TABLE',
  VIEW: 'VIEW',
  MATERIALIZED_VIEW: 'MATERIALIZED VIEW',
  FOREIGN_TABLE: 'FOREIGN TABLE',
};

/** Writes what PostgreSQL makes the table of again, from what is kept of it. */
export function postgresqlDdl(table: DescribedTable): Ddl {
  const isView = table.type === 'VIEW' || table.type === 'MATERIALIZED_VIEW';
  const created = isView ? view(table) : relation(table);
  const indexes = indexStatements(table);
  const partitions = partitionStatements(table);
  return {
    notes: [
      ...(table.owner === null ? [] : [`Owner: ${table.owner}`]),
      ...created.notes,
      ...partitions.notes,
      ...partitionNotes(table),
      ...indexes.notes,
      isView
        ? 'Not collected, so left out: rules, triggers, privileges.'
        : 'Not collected, so left out: CHECK and EXCLUDE constraints, deferrability, triggers, rules, policies, privileges.',
    ],
    statements: [
      ...created.statements,
      ...partitions.statements,
      ...indexes.statements,
      ...rowSecurity(table),
      ...comments(table),
    ],
    foreignKeys: foreignKeyStatements(table),
  };
}

type Part = Pick<Ddl, 'notes' | 'statements'>;

function view(table: DescribedTable): Part {
  const { viewDefinition, columns, properties } = table.structure;
  const name = qualified(table.schema, table.name);
  if (viewDefinition === undefined)
    return { notes: [`The text of ${name} could not be read, so it cannot be made again.`], statements: [] };
  const text = viewDefinition.replace(/\s*;\s*$/, '');
  const materialized = table.type === 'MATERIALIZED_VIEW';
  const head = [
    `CREATE ${materialized ? 'MATERIALIZED VIEW' : 'VIEW'} ${name}`,
    ...(properties.accessMethod === undefined ? [] : [`USING ${sqlName(properties.accessMethod)}`]),
    ...parameters(properties),
    ...(properties.tablespace === undefined ? [] : [`TABLESPACE ${sqlName(properties.tablespace)}`]),
    'AS',
  ].join(' ');
  return {
    notes: materialized ? ['It is made empty: REFRESH MATERIALIZED VIEW fills it.'] : [],
    statements: [
      `${head}\n${text}${materialized ? '\nWITH NO DATA' : ''}`,
      ...columns.flatMap((column) =>
        column.default === undefined
          ? []
          : [`ALTER VIEW ${name} ALTER COLUMN ${sqlName(column.name)} SET DEFAULT ${column.default}`],
      ),
    ],
  };
}

function relation(table: DescribedTable): Part {
  const { columns, properties, partitionedBy } = table.structure;
  const foreign = table.type === 'FOREIGN_TABLE';
  const typed = properties.ofType !== undefined;
  const clauses = [
    ...columns.flatMap((column) => (typed ? (typedColumnClause(column) ?? []) : columnClause(column))),
    ...keyClauses(table),
  ];
  const body = clauses.length === 0 ? (typed ? '' : ' ()') : ` (\n    ${clauses.join(',\n    ')}\n)`;
  const kind = foreign ? 'FOREIGN TABLE' : properties.persistence === 'unlogged' ? 'UNLOGGED TABLE' : 'TABLE';
  const sequences = sequencesOf(columns);
  return {
    notes: [
      ...(sequences.length === 0
        ? []
        : ['Start, step and owner of sequences are not collected: they get the usual ones.']),
      ...(columns.some(({ identity }) => identity !== undefined)
        ? ['Start and step of identity columns are not collected: they get the usual ones.']
        : []),
      ...(foreign
        ? [
            `It needs the server ${properties.server ?? '(unknown)'} of the wrapper ${properties.foreignDataWrapper ?? '(unknown)'}.`,
            'Options of columns, and options that may hold credentials, are not collected.',
          ]
        : []),
    ],
    statements: [
      ...sequences.map((name) => `CREATE SEQUENCE IF NOT EXISTS ${name}`),
      [
        `CREATE ${kind} ${qualified(table.schema, table.name)}${typed ? ` OF ${properties.ofType}` : ''}${body}`,
        ...(properties.inherits === undefined ? [] : [`INHERITS (${properties.inherits})`]),
        ...(partitionedBy === undefined ? [] : [`PARTITION BY ${partitionedBy}`]),
        ...(properties.accessMethod === undefined ? [] : [`USING ${sqlName(properties.accessMethod)}`]),
        ...(foreign ? foreignClauses(properties) : parameters(properties)),
        ...(properties.tablespace === undefined ? [] : [`TABLESPACE ${sqlName(properties.tablespace)}`]),
      ].join(' '),
    ],
  };
}

/** Storage parameters are kept as `name=value, name=value`; a comma within a value is not followed by a name. */
function parameters({ options }: Record<string, string>): string[] {
  if (options === undefined) return [];
  const each = options.split(/, (?=[a-z_.]+=)/).map((option) => {
    const at = option.indexOf('=');
    return `${option.slice(0, at)}=${literal(option.slice(at + 1))}`;
  });
  return [`WITH (${each.join(', ')})`];
}

function foreignClauses(properties: Record<string, string>): string[] {
  const options = Object.entries(properties).flatMap(([name, value]) =>
    name.startsWith('option:') ? [`${sqlName(name.slice('option:'.length))} ${literal(value)}`] : [],
  );
  return [
    `SERVER ${sqlName(properties.server ?? '')}`,
    ...(options.length === 0 ? [] : [`OPTIONS (${options.join(', ')})`]),
  ];
}

function rowSecurity({ schema, name, structure: { properties } }: DescribedTable): string[] {
  if (properties.rowSecurity === undefined) return [];
  const alter = `ALTER TABLE ${qualified(schema, name)}`;
  return [
    `${alter} ENABLE ROW LEVEL SECURITY`,
    ...(properties.rowSecurity === 'forced' ? [`${alter} FORCE ROW LEVEL SECURITY`] : []),
  ];
}

function comments({ schema, name, type, comment, structure }: DescribedTable): string[] {
  const whole = qualified(schema, name);
  return [
    ...(comment === null ? [] : [`COMMENT ON ${COMMENT_WORD[type]} ${whole} IS ${literal(comment)}`]),
    ...structure.columns.flatMap((column) =>
      column.comment === undefined
        ? []
        : [`COMMENT ON COLUMN ${whole}.${sqlName(column.name)} IS ${literal(column.comment)}`],
    ),
  ];
}
