import { afterEach, describe, expect, it } from 'vitest';
import type { CheckStep, Connection } from '../../../connectors/contract.js';
import { mysqlConnector } from '../../../connectors/mysql/connector.js';
import { flavourOf, serverIdentity } from '../../../connectors/mysql/flavour.js';
import { type Answer, type Cell, type FakeMysql, fakeMysql } from '../../fakes/mysql-server.js';

const signal = new AbortController().signal;
let fake: FakeMysql | undefined;
afterEach(async () => {
  await fake?.close();
  fake = undefined;
});

interface Script {
  version: string;
  comment?: string;
  variables?: Record<string, string>;
  grants?: string[];
  roles?: string;
  objects?: Cell[][];
  columns?: Cell[][];
  indexes?: Cell[][];
}

/** Answers by what a statement reads from. */
function answering(script: Script): (sql: string) => Answer {
  const of = (rows: Cell[][] = []): Answer => ({
    columns: Array.from({ length: rows[0]?.length ?? 3 }, (_, place) => `c${place}`),
    rows,
  });
  return (sql) => {
    if (sql.includes('@@version_comment')) return of([[script.version, script.comment ?? '', 4711, 'crawler@%']]);
    if (/SHOW GLOBAL VARIABLES/.test(sql)) return of(Object.entries(script.variables ?? {}));
    if (/^SHOW GRANTS/.test(sql))
      return of((script.grants ?? ['GRANT SELECT, SHOW VIEW ON *.* TO `crawler`@`%`']).map((line) => [line]));
    if (/CURRENT_ROLE/.test(sql)) return of([[script.roles ?? 'NONE']]);
    if (/SELECT DATABASE/.test(sql)) return of([['shop']]);
    if (/SCHEMATA/.test(sql)) return of([['shop', 'utf8mb4', 'utf8mb4_0900_ai_ci']]);
    if (/UNION ALL/.test(sql) || /^SHOW WARNINGS/.test(sql)) return of();
    if (/information_schema\.TABLES/.test(sql) && /IN \(/.test(sql)) return of(script.objects);
    if (/information_schema\.TABLES/.test(sql)) return of((script.objects ?? []).map(([name]) => [name ?? null]));
    if (/information_schema\.COLUMNS/.test(sql)) return of(script.columns);
    if (/information_schema\.STATISTICS/.test(sql)) return of(script.indexes);
    return /^\s*SELECT/.test(sql) ? of() : undefined;
  };
}

async function serve(script: Script): Promise<Connection> {
  fake = await fakeMysql({ version: script.version, answer: answering(script) });
  return { config: { host: '127.0.0.1', port: fake.port, user: 'crawler', tls: 'off' }, secrets: { password: 'x' } };
}

async function read(script: Script) {
  const reader = await mysqlConnector.openDatabase(await serve(script), 'shop', { signal });
  try {
    const description = await reader.describe();
    return { reader, description, page: await reader.read(['t']) };
  } finally {
    await reader.close();
  }
}

const T: Cell[] = ['t', 'BASE TABLE', 'InnoDB', 'utf8mb4_0900_ai_ci', '', 'Comment', '9007199254740993', '16384'];
/** TABLE_NAME, ORDINAL_POSITION, COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, IS_NULLABLE, COLUMN_DEFAULT, EXTRA, COLLATION_NAME, COLUMN_COMMENT, GENERATION_EXPRESSION, SRS_ID */
const column = (
  name: string,
  type: string,
  printed: string | null,
  extra = '',
  expression = '',
  srid: string | null = null,
): Cell[] => ['t', 1, name, type, type.replace(/\W.*/, ''), 'YES', printed, extra, null, '', expression, srid];

describe('MySQL 8', () => {
  const script: Script = {
    version: '8.0.36',
    comment: 'MySQL Community Server - GPL',
    variables: { server_uuid: '11111111-2222-3333-4444-555555555555', lower_case_table_names: '0' },
    objects: [T],
    columns: [
      column('literal', 'varchar(10)', "it's"),
      column('number', 'int', '5'),
      column('made', 'varchar(36)', 'uuid()', 'DEFAULT_GENERATED'),
      column('moment', 'timestamp', 'CURRENT_TIMESTAMP', 'DEFAULT_GENERATED on update CURRENT_TIMESTAMP'),
      column('bytes', 'varbinary(4)', '0x4142'),
      column('twice', 'int', null, 'VIRTUAL GENERATED', '(`number` * 2)'),
      column('hidden', 'int', null, 'INVISIBLE'),
      column('place', 'point', null, '', '', '4326'),
    ],
    indexes: [
      ['t', 'lowered', 1, null, null, 'A', 'BTREE', '', 'lower(`literal`)', 0],
      ['t', 'lowered', 1, 'number', null, 'D', 'BTREE', '', null, 0],
      ['t', 'unseen', 0, 'number', null, 'A', 'BTREE', 'c', null, 1],
    ],
  };

  it('reads defaults, functional key parts, invisible columns and indexes', async () => {
    const { page, reader } = await read(script);
    expect(reader.identity).toEqual({
      server: '11111111-2222-3333-4444-555555555555',
      version: 'MySQL 8.0.36',
      user: 'crawler@%',
    });
    const [table] = page.tables;
    const columns = table?.structure.columns ?? [];
    expect(columns.map(({ name, default: value }) => [name, value])).toEqual([
      ['literal', "'it''s'"],
      ['number', '5'],
      ['made', 'uuid()'],
      ['moment', 'CURRENT_TIMESTAMP'],
      ['bytes', '0x4142'],
      ['twice', undefined],
      ['hidden', undefined],
      ['place', undefined],
    ]);
    expect(columns.map(({ attributes }) => attributes?.join())).toEqual([
      undefined,
      undefined,
      undefined,
      'on update CURRENT_TIMESTAMP',
      undefined,
      undefined,
      'INVISIBLE',
      'SRID 4326',
    ]);
    expect(columns[5]?.generated).toEqual({ expression: '(`number` * 2)', stored: false });
    expect(table?.structure.indexes).toEqual([
      { name: 'lowered', unique: false, method: 'BTREE', columns: ['(lower(`literal`))', 'number DESC'] },
      { name: 'unseen', unique: true, method: 'BTREE', columns: ['number'], comment: 'c', attributes: ['INVISIBLE'] },
    ]);
    expect(table?.rows).toBeUndefined();
    expect(table?.bytes).toBe(16_384);
  });

  it('asks the dictionary, with its own words for limits', async () => {
    await read(script);
    const sent = fake?.statements.join('\n') ?? '';
    expect(sent).toContain('max_execution_time = 60000');
    expect(sent).toContain('SET SESSION TRANSACTION READ ONLY');
    expect(sent).toContain('EXPRESSION');
    expect(sent).not.toContain('max_statement_time');
    expect(sent).not.toContain('in_predicate_conversion_threshold');
    expect(sent).not.toContain('SHOW WARNINGS');
  });

  it('counts the privileges of active roles', async () => {
    await read({ ...script, roles: '`reader`@`%`' });
    expect(fake?.statements).toContain('SHOW GRANTS FOR CURRENT_USER() USING `reader`@`%`');
  });

  it('is incomplete where a partial revoke takes the database out', async () => {
    const { description } = await read({
      ...script,
      variables: { partial_revokes: 'ON' },
      grants: ['GRANT SELECT ON *.* TO `crawler`@`%`', 'REVOKE SELECT ON `shop`.* FROM `crawler`@`%`'],
    });
    expect(description.incomplete).toMatchObject({ remedy: "GRANT SELECT, SHOW VIEW ON `shop`.* TO 'crawler'@'%';" });
  });
});

describe('MySQL 5.7', () => {
  it('is asked for nothing that it lacks', async () => {
    const { page } = await read({
      version: '5.7.44-log',
      variables: { server_uuid: 'u', table_open_cache: '400' },
      objects: [T],
      columns: [
        column('moment', 'timestamp', 'CURRENT_TIMESTAMP', 'on update CURRENT_TIMESTAMP'),
        column('text', 'varchar(30)', 'CURRENT_TIMESTAMP'),
      ],
    });
    expect(page.tables[0]?.structure.columns.map((one) => [one.default, one.attributes])).toEqual([
      ['CURRENT_TIMESTAMP', ['on update CURRENT_TIMESTAMP']],
      ["'CURRENT_TIMESTAMP'", undefined],
    ]);
    const sent = fake?.statements.join('\n') ?? '';
    for (const word of ['SRS_ID', ' EXPRESSION,', 'IS_VISIBLE', 'IGNORED', 'CURRENT_ROLE'])
      expect(sent).not.toContain(word);
    expect(sent).toContain('SHOW WARNINGS');
  });
});

describe('a server that is not MySQL', () => {
  it.each([
    ['OceanBase', { version: '5.7.25-OceanBase-v4.2.1.0' }, /OceanBase cannot be collected/],
    ['OceanBase by its comment', { version: '5.7.25', comment: 'OceanBase_CE 4.2.1.0' }, /OceanBase cannot/],
    ['OceanBase behind a proxy', { version: '5.6.25', variables: { ob_query_timeout: '1' } }, /MySQL 5\.7|OceanBase/],
    [
      'OceanBase behind a proxy that says 5.7',
      { version: '5.7.25', variables: { ob_query_timeout: '1' } },
      /OceanBase/,
    ],
    ['TiDB', { version: '8.0.11-TiDB-v7.5.0', comment: 'TiDB Server (Apache License 2.0)' }, /TiDB cannot/],
    ['StarRocks', { version: '8.0.33', comment: 'StarRocks version 3.2.1' }, /type StarRocks/],
    ['Doris', { version: '5.7.99', comment: 'Doris version doris-2.1.0' }, /type StarRocks/],
  ])('%s is refused, with the right type to choose', async (_, script, remedy) => {
    const connection = await serve(script);
    const steps: CheckStep[] = [];
    for await (const step of mysqlConnector.check(connection, { signal })) steps.push(step);
    const failed = steps.find(({ state }) => state === 'failed');
    expect(failed).toMatchObject({ id: 'identify_server', code: expect.stringMatching(/^UNSUPPORTED_/) });
    expect(failed?.remedy).toMatch(remedy);
    expect(steps.filter(({ state }) => state === 'skipped').map(({ id }) => id)).toEqual([
      'tls_handshake',
      'list_databases',
      'check_privileges',
      'read_sample',
    ]);
    await expect(mysqlConnector.openDatabase(connection, 'shop', { signal })).rejects.toMatchObject({
      code: failed?.code,
      retryable: false,
    });
  });

  it.each(['5.6.51', '5.5.68-MariaDB', '10.2.44-MariaDB', '5.5.5-10.1.48-MariaDB'])('%s is too old', (version) => {
    expect(() => flavourOf(version, '')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_VERSION' }));
  });

  it.each([
    ['5.7.44', 'MySQL', false],
    ['8.4.0', 'MySQL', true],
    ['9.1.0', 'MySQL', true],
    ['5.5.5-10.3.39-MariaDB-log', 'MariaDB', false],
    ['11.4.2-MariaDB', 'MariaDB', false],
  ])('%s is supported', (version, product, hasDictionary) => {
    expect(flavourOf(version, '')).toMatchObject({ product, hasDictionary });
  });
});

describe('the identity of a server', () => {
  const of = (variables: Record<string, string>, galera?: string) =>
    serverIdentity(new Map(Object.entries(variables)), galera);

  it('is its own, or its cluster’s', () => {
    expect(of({ server_uuid: 'u', server_id: '1' })).toBe('u');
    expect(of({ server_uid: 'base64=', server_id: '1' })).toBe('base64=');
    expect(of({ server_uid: 'base64=' }, 'cluster')).toBe('galera:cluster');
    expect(of({ server_uuid: 'u', group_replication_group_name: 'g' })).toBe('group:g');
    expect(of({ hostname: 'h', port: '3306', datadir: '/d/', server_id: '7' })).toBe('h:3306:/d/:7');
  });
});
