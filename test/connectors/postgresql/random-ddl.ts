import type pg from 'pg';

/** Numbers from a seed (mulberry32), so that a failing run can be repeated. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Named {
  /** Qualified and quoted. */
  id: string;
  name: string;
}

/** What a step can choose from: the user's objects as they are now. */
interface State {
  schemas: string[];
  tables: Named[];
  partitioned: Named[];
  partitions: (Named & { parent: string })[];
  views: Named[];
  materialised: Named[];
  foreign: Named[];
  columns: { table: string; kind: string; name: string; type: string }[];
  indexes: Named[];
  constraints: { table: string; name: string; type: string }[];
  enums: (Named & { label: string })[];
  domains: Named[];
  composites: (Named & { attribute: string })[];
  functions: Named[];
  sequences: Named[];
  collations: Named[];
  operators: Named[];
  classes: Named[];
  configurations: Named[];
  servers: string[];
}

const STATE = `
WITH n AS (SELECT oid, nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'),
     c AS (SELECT c.*, format('%I.%I', n.nspname, c.relname) AS id FROM pg_class c JOIN n ON n.oid = c.relnamespace),
     t AS (SELECT t.*, format('%I.%I', n.nspname, t.typname) AS id FROM pg_type t JOIN n ON n.oid = t.typnamespace)
SELECT (SELECT json_agg(quote_ident(nspname)) FROM n) AS schemas,
  (SELECT json_agg(json_build_object('id', id, 'name', relname)) FROM c WHERE relkind = 'r' AND NOT relispartition) AS tables,
  (SELECT json_agg(json_build_object('id', id, 'name', relname)) FROM c WHERE relkind = 'p') AS partitioned,
  (SELECT json_agg(json_build_object('id', c.id, 'name', c.relname, 'parent', p.id)) FROM c JOIN pg_inherits i ON i.inhrelid = c.oid JOIN c p ON p.oid = i.inhparent WHERE c.relispartition AND c.relkind IN ('r', 'p')) AS partitions,
  (SELECT json_agg(json_build_object('id', id, 'name', relname)) FROM c WHERE relkind = 'v') AS views,
  (SELECT json_agg(json_build_object('id', id, 'name', relname)) FROM c WHERE relkind = 'm') AS materialised,
  (SELECT json_agg(json_build_object('id', id, 'name', relname)) FROM c WHERE relkind = 'f') AS foreign,
  (SELECT json_agg(json_build_object('table', c.id, 'kind', c.relkind, 'name', quote_ident(a.attname), 'type', format_type(a.atttypid, a.atttypmod))) FROM c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
  (SELECT json_agg(json_build_object('id', id, 'name', relname)) FROM c WHERE relkind IN ('i', 'I')) AS indexes,
  (SELECT json_agg(json_build_object('table', c.id, 'name', quote_ident(k.conname), 'type', k.contype)) FROM pg_constraint k JOIN c ON c.oid = k.conrelid) AS constraints,
  (SELECT json_agg(json_build_object('id', t.id, 'name', t.typname, 'label', (SELECT enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY random() LIMIT 1))) FROM t WHERE typtype = 'e') AS enums,
  (SELECT json_agg(json_build_object('id', id, 'name', typname)) FROM t WHERE typtype = 'd') AS domains,
  (SELECT json_agg(json_build_object('id', t.id, 'name', t.typname, 'attribute', quote_ident(a.attname))) FROM t JOIN pg_class r ON r.oid = t.typrelid AND r.relkind = 'c' JOIN pg_attribute a ON a.attrelid = r.oid AND NOT a.attisdropped) AS composites,
  (SELECT json_agg(json_build_object('id', format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), 'name', p.proname)) FROM pg_proc p JOIN n ON n.oid = p.pronamespace) AS functions,
  (SELECT json_agg(json_build_object('id', id, 'name', relname)) FROM c WHERE relkind = 'S') AS sequences,
  (SELECT json_agg(json_build_object('id', format('%I.%I', n.nspname, o.collname), 'name', o.collname)) FROM pg_collation o JOIN n ON n.oid = o.collnamespace) AS collations,
  (SELECT json_agg(json_build_object('id', format('%I.%s (%s, %s)', n.nspname, o.oprname, format_type(o.oprleft, NULL), format_type(o.oprright, NULL)), 'name', o.oprname)) FROM pg_operator o JOIN n ON n.oid = o.oprnamespace) AS operators,
  (SELECT json_agg(json_build_object('id', format('%I.%I', n.nspname, o.opcname), 'name', o.opcname)) FROM pg_opclass o JOIN n ON n.oid = o.opcnamespace) AS classes,
  (SELECT json_agg(json_build_object('id', format('%I.%I', n.nspname, o.cfgname), 'name', o.cfgname)) FROM pg_ts_config o JOIN n ON n.oid = o.cfgnamespace) AS configurations,
  (SELECT json_agg(quote_ident(srvname)) FROM pg_foreign_server) AS servers`;

/** A database in which everything that a canonical form can mention is mentioned by something. `role` owns a part. */
export function startingSchema(role: string, other: string): string {
  return `
CREATE SCHEMA a; CREATE SCHEMA b;
CREATE TYPE a.mood AS ENUM ('sad', 'fine');
CREATE DOMAIN a.feeling AS a.mood;
CREATE DOMAIN b.feelings AS a.feeling;
CREATE TYPE a.pair AS (x integer, y a.mood);
CREATE TYPE a.span AS RANGE (subtype = date);
CREATE COLLATION a.plain FROM "C";
CREATE TEXT SEARCH CONFIGURATION a.simple_words (COPY = pg_catalog.simple);
CREATE SEQUENCE a.numbers;
CREATE FUNCTION a.half(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2';
CREATE FUNCTION b.pairs() RETURNS SETOF a.pair LANGUAGE sql STABLE AS $$ SELECT 1, 'sad'::a.mood $$;
CREATE FUNCTION b.same(x integer, y integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR a.=== (LEFTARG = integer, RIGHTARG = integer, FUNCTION = b.same);
CREATE OPERATOR CLASS b.backwards FOR TYPE integer USING btree AS OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 btint4cmp(integer, integer);
CREATE TABLE a.people (id serial PRIMARY KEY, name text COLLATE a.plain, mood a.mood DEFAULT 'fine', felt b.feelings DEFAULT 'sad', two a.pair DEFAULT '(1,sad)', many a.mood[], held a.span, half integer GENERATED ALWAYS AS (a.half(4)) STORED);
CREATE TABLE b.twin (id integer, other integer); CREATE TABLE b.twine (id integer, other integer);
CREATE TABLE b.orders (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, person integer REFERENCES a.people ON DELETE CASCADE, n integer DEFAULT nextval('a.numbers'));
CREATE TABLE b.wholes (whole a.people); CREATE TABLE b.pairs_only (pair a.pair DEFAULT '(1,sad)'); CREATE TABLE a.spans_only (held a.span);
CREATE INDEX ON b.orders (a.half(n)); CREATE INDEX ON b.orders (n b.backwards) WHERE n OPERATOR(a.===) 1;
CREATE TABLE a.child (extra text) INHERITS (b.twin);
CREATE TABLE b.spread (mood b.feelings, day date, n integer) PARTITION BY LIST (mood);
CREATE TABLE b.spread_sad PARTITION OF b.spread FOR VALUES IN ('sad') PARTITION BY RANGE (day);
CREATE TABLE b.spread_sad_1 PARTITION OF b.spread_sad FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE a.spread_rest PARTITION OF b.spread DEFAULT;
CREATE VIEW a.seen AS SELECT p.id, p.name, o.n, (p.two).y AS inner_mood, 'sad'::a.mood AS always FROM a.people p JOIN b.orders o ON o.person = p.id;
CREATE VIEW b.called AS SELECT * FROM b.pairs() WHERE a.half(x) OPERATOR(a.===) 1;
CREATE VIEW b.joined AS SELECT twin.other AS one, twine.other AS two FROM b.twin JOIN b.twine USING (id);
CREATE VIEW b.searched AS SELECT to_tsvector('a.simple_words', name) AS words, name COLLATE a.plain AS again, felt::text FROM a.people;
CREATE TYPE a.triple AS (x integer, y integer, z integer); CREATE FUNCTION b.triples() RETURNS SETOF a.triple LANGUAGE sql AS 'SELECT NULL::a.triple';
CREATE VIEW b.unread AS SELECT 1 AS one FROM b.triples();
CREATE VIEW b.over AS SELECT * FROM a.seen;
CREATE MATERIALIZED VIEW a.kept AS SELECT id, mood FROM a.people; CREATE UNIQUE INDEX ON a.kept (id);
CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER far FOREIGN DATA WRAPPER nowhere OPTIONS (host 'h');
CREATE FOREIGN TABLE a.remote (id integer) SERVER far OPTIONS (table_name 't');
ALTER TABLE b.twin OWNER TO ${role}; ALTER VIEW b.joined OWNER TO ${other};
COMMENT ON INDEX a.people_pkey IS 'the key'; COMMENT ON COLUMN a.people.name IS 'full name'`;
}

/** One random change: its SQL, and whether it may change no fingerprint at all. */
export interface Step {
  sql: string;
  quiet: boolean;
}

/** Draws changes that fit the database as it is. Some fail all the same; the caller goes on. */
export async function drawStep(client: pg.Client, random: () => number, roles: readonly string[]): Promise<Step> {
  const { rows } = await client.query<Record<keyof State, unknown>>(STATE);
  const state = Object.fromEntries(
    Object.entries(rows[0] ?? {}).map(([name, value]) => [name, value ?? []]),
  ) as unknown as State;
  const pick = <T>(items: readonly T[]): T => {
    const item = items[Math.floor(random() * items.length)];
    if (item === undefined) throw new NothingToPick();
    return item;
  };
  for (;;) {
    try {
      return pick(changes(state, pick, random, roles))();
    } catch (error) {
      if (!(error instanceof NothingToPick)) throw error;
    }
  }
}

class NothingToPick extends Error {}

const WORDS = ['alpha', 'beta', 'Gamma', 'délta', 'select', 'x|y', 'zeta z', '"quoted"'];
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

function changes(
  state: State,
  pick: <T>(items: readonly T[]) => T,
  random: () => number,
  roles: readonly string[],
): (() => Step)[] {
  const word = () => quoted(`${pick(WORDS)}${Math.floor(random() * 50)}`);
  const text = () => `'${pick(WORDS)} ${Math.floor(random() * 1e6)}'`;
  const loud = (sql: () => string) => () => ({ sql: sql(), quiet: false });
  const quiet = (sql: () => string) => () => ({ sql: sql(), quiet: true });
  const type = () =>
    pick([
      'integer',
      'text',
      'varchar(20)',
      'numeric(8,2)',
      'timestamptz',
      'date[]',
      ...[state.enums, state.domains, state.composites].flat().map(({ id }) => id),
      ...state.enums.map(({ id }) => `${id}[]`),
      ...state.tables.map(({ id }) => id),
    ]);
  const anyTable = () => pick([...state.tables, ...state.partitioned]);
  const column = (kinds = 'rp') => pick(state.columns.filter(({ kind }) => kinds.includes(kind)));
  const keyword = ({ kind }: { kind: string }) =>
    ({ v: 'VIEW', m: 'MATERIALIZED VIEW', f: 'FOREIGN TABLE' })[kind] ?? 'TABLE';
  const movable = () =>
    pick([
      `TABLE ${pick(state.tables).id}`,
      `TYPE ${pick([...state.enums, ...state.composites]).id}`,
      `DOMAIN ${pick(state.domains).id}`,
      `FUNCTION ${pick(state.functions).id}`,
      `SEQUENCE ${pick(state.sequences).id}`,
      `COLLATION ${pick(state.collations).id}`,
      `VIEW ${pick(state.views).id}`,
      `TEXT SEARCH CONFIGURATION ${pick(state.configurations).id}`,
      `OPERATOR CLASS ${pick(state.classes).id} USING btree`,
    ]);
  const selectable = () => pick([...state.tables, ...state.views, ...state.partitioned, ...state.partitions]).id;
  return [
    loud(() => `ALTER TABLE ${anyTable().id} ADD COLUMN ${word()} ${type()}`),
    loud(
      () =>
        `ALTER TABLE ${anyTable().id} ADD COLUMN ${word()} text COLLATE ${pick(state.collations).id} NOT NULL DEFAULT ${text()}`,
    ),
    loud(() => `ALTER TABLE ${anyTable().id} ADD COLUMN ${word()} integer GENERATED ALWAYS AS (1 + 1) STORED`),
    loud(() => `ALTER TABLE ${pick(state.tables).id} ADD COLUMN ${word()} integer GENERATED ALWAYS AS IDENTITY`),
    loud(() => {
      const { table, name } = column();
      return `ALTER TABLE ${table} DROP COLUMN ${name} ${pick(['', 'CASCADE'])}`;
    }),
    loud(() => {
      const chosen = column('rpvmf');
      return `ALTER ${keyword(chosen)} ${chosen.table} RENAME COLUMN ${chosen.name} TO ${word()}`;
    }),
    loud(() => {
      const chosen = column('rpvmf');
      return `ALTER ${keyword(chosen)} ${chosen.table} RENAME COLUMN ${chosen.name} TO ${word()}`;
    }),
    loud(() => {
      const { table, name } = column();
      return `ALTER TABLE ${table} ALTER COLUMN ${name} TYPE ${pick(['text', 'varchar(30)', 'bigint', 'numeric(9,3)'])}`;
    }),
    loud(() => {
      const { table, name } = column();
      return `ALTER TABLE ${table} ALTER COLUMN ${name} ${pick(['SET NOT NULL', 'DROP NOT NULL', 'DROP DEFAULT', 'DROP EXPRESSION', 'DROP IDENTITY'])}`;
    }),
    loud(() => {
      const { table, name, type: of } = column();
      return `ALTER TABLE ${table} ALTER COLUMN ${name} SET DEFAULT ${of === 'integer' ? pick(['1', '2', `nextval('${pick(state.sequences).id}')`, 'a.half(3)', 'length(now()::text)']) : `(${text()})::text::${of}`}`;
    }),
    loud(() => {
      const { id, label } = pick(state.enums);
      const { table, name } = pick(state.columns.filter((one) => one.type === id));
      return `ALTER TABLE ${table} ALTER COLUMN ${name} SET DEFAULT '${label}'`;
    }),
    loud(() => {
      const chosen = column('rpvmf');
      return `COMMENT ON COLUMN ${chosen.table}.${chosen.name} IS ${pick([text(), text(), 'NULL'])}`;
    }),
    loud(
      () =>
        `COMMENT ON ${pick([`TABLE ${anyTable().id}`, `VIEW ${pick(state.views).id}`, `MATERIALIZED VIEW ${pick(state.materialised).id}`, `INDEX ${pick(state.indexes).id}`])} IS ${pick([text(), text(), 'NULL'])}`,
    ),
    loud(() => `COMMENT ON INDEX ${pick(state.indexes).id} IS ${pick([text(), 'NULL'])}`),
    loud(() => `ALTER ${movable()} RENAME TO ${word()}`),
    loud(() => `ALTER ${movable()} RENAME TO ${word()}`),
    loud(() => `ALTER ${movable()} SET SCHEMA ${pick(state.schemas)}`),
    loud(() => `ALTER OPERATOR ${pick(state.operators).id} SET SCHEMA ${pick(state.schemas)}`),
    loud(
      () =>
        `ALTER INDEX ${pick(state.indexes).id} ${pick([`RENAME TO ${word()}`, 'SET (fillfactor = 70)', 'RESET (fillfactor)'])}`,
    ),
    loud(
      () => `ALTER TABLE ${pick([...state.tables, ...state.partitioned, ...state.partitions]).id} RENAME TO ${word()}`,
    ),
    loud(
      () => `ALTER ${pick(['VIEW', 'TABLE'])} ${pick([...state.views, ...state.tables]).id} OWNER TO ${pick(roles)}`,
    ),
    loud(() => `ALTER SCHEMA ${pick(state.schemas)} RENAME TO ${word()}`),
    loud(() => `ALTER SCHEMA ${pick(state.schemas)} RENAME TO ${pick(['a', 'b'])}`),
    loud(() => {
      const { table, name } = column('rpm');
      return `CREATE ${pick(['', 'UNIQUE'])} INDEX ON ${table} (${name}${pick(['', ' DESC', ' NULLS FIRST'])}) ${pick(['', `WHERE ${name} IS NOT NULL`, 'WITH (fillfactor = 80)'])}`;
    }),
    loud(() => {
      const { table, name } = column();
      return `CREATE INDEX ON ${table} ((${name}::text || ${text()}))`;
    }),
    loud(() => `DROP INDEX ${pick(state.indexes).id}`),
    loud(() => {
      const { table, name } = column();
      return `ALTER TABLE ${table} ADD ${pick(['UNIQUE', 'PRIMARY KEY'])} (${name})`;
    }),
    loud(() => {
      const { table, name } = column();
      return `ALTER TABLE ${table} ADD FOREIGN KEY (${name}) REFERENCES ${anyTable().id} ON DELETE ${pick(['CASCADE', 'SET NULL', 'NO ACTION'])} ON UPDATE ${pick(['CASCADE', 'RESTRICT'])}`;
    }),
    loud(() => {
      const { table, name } = pick(state.constraints);
      return `ALTER TABLE ${table} ${pick([`DROP CONSTRAINT ${name} CASCADE`, `RENAME CONSTRAINT ${name} TO ${word()}`])}`;
    }),
    loud(() => `CREATE VIEW ${pick(state.schemas)}.${word()} AS SELECT * FROM ${selectable()}`),
    loud(
      () =>
        `CREATE VIEW ${pick(state.schemas)}.${word()} AS SELECT x.*, y AS whole FROM ${selectable()} x CROSS JOIN ${selectable()} y`,
    ),
    loud(
      () =>
        `CREATE VIEW ${pick(state.schemas)}.${word()} AS SELECT count(*) AS n, '${pick(state.enums).id}'::regtype AS t FROM ${selectable()}`,
    ),
    loud(() => {
      const { id } = pick(state.views);
      return `DO $do$ BEGIN EXECUTE format('CREATE OR REPLACE VIEW %s AS SELECT * FROM (%s) x LIMIT %s', '${id.replaceAll("'", "''")}', rtrim(pg_get_viewdef('${id.replaceAll("'", "''")}'::regclass), ';'), ${Math.floor(random() * 1e6)}); END $do$`;
    }),
    loud(() => `CREATE OR REPLACE VIEW ${pick(state.views).id} AS SELECT 1 AS id, ${text()}::text AS name`),
    loud(() => `ALTER VIEW ${pick(state.views).id} ${pick(['SET (security_barrier)', 'RESET (security_barrier)'])}`),
    loud(() => `DROP VIEW ${pick(state.views).id}`),
    loud(() => {
      const { id, label } = pick(state.enums);
      return pick([
        `ALTER TYPE ${id} RENAME VALUE '${label}' TO ${text()}`,
        `ALTER TYPE ${id} RENAME VALUE '${label}' TO ${text()}`,
        `ALTER TYPE ${id} ADD VALUE ${text()} BEFORE '${label}'`,
      ]);
    }),
    loud(() => {
      const { id, attribute } = pick(state.composites);
      return `ALTER TYPE ${id} ${pick([`RENAME ATTRIBUTE ${attribute} TO ${word()} CASCADE`, `ADD ATTRIBUTE ${word()} integer CASCADE`])}`;
    }),
    loud(() => `ALTER DOMAIN ${pick(state.domains).id} ${pick(['SET NOT NULL', 'DROP NOT NULL', `SET DEFAULT NULL`])}`),
    loud(() => `CREATE DOMAIN ${pick(state.schemas)}.${word()} AS ${type()}`),
    loud(() => `CREATE TABLE ${pick(state.schemas)}.${word()} (id ${type()} PRIMARY KEY, ${word()} ${type()})`),
    loud(() => `CREATE TABLE ${pick(state.schemas)}.${word()} PARTITION OF b.spread FOR VALUES IN (${text()})`),
    loud(() => {
      const { id, label } = pick(state.enums);
      return `CREATE TABLE ${pick(state.schemas)}.${word()} PARTITION OF ${pick(state.partitioned).id} FOR VALUES IN ('${label}'::text::${id})`;
    }),
    loud(() => {
      const from = 2 + Math.floor(random() * 300);
      return `CREATE TABLE ${pick(state.schemas)}.${word()} PARTITION OF ${pick(state.partitioned).id} FOR VALUES FROM (date '2026-02-01' + ${from}) TO (date '2026-02-01' + ${from + 1})`;
    }),
    loud(() => {
      const { id, parent } = pick(state.partitions);
      return pick([
        `ALTER TABLE ${parent} DETACH PARTITION ${id}`,
        `DROP TABLE ${id}`,
        `ALTER TABLE ${id} SET SCHEMA ${pick(state.schemas)}`,
      ]);
    }),
    loud(() => `ALTER TABLE ${pick(state.partitioned).id} ATTACH PARTITION ${pick(state.tables).id} DEFAULT`),
    loud(
      () =>
        `ALTER TABLE ${anyTable().id} ${pick(['SET (fillfactor = 60)', 'RESET (fillfactor)', 'SET UNLOGGED', 'SET LOGGED', 'ENABLE ROW LEVEL SECURITY', 'DISABLE ROW LEVEL SECURITY', 'FORCE ROW LEVEL SECURITY'])}`,
    ),
    loud(() => `ALTER TABLE ${pick(state.tables).id} ${pick(['INHERIT', 'NO INHERIT'])} ${pick(state.tables).id}`),
    loud(() => `ALTER ROLE ${pick(roles)} RENAME TO ${quoted(`${roles[0]}_${Math.floor(random() * 1e6)}`)}`),
    loud(
      () =>
        `ALTER FOREIGN TABLE ${pick(state.foreign).id} OPTIONS (${pick(['SET', 'ADD', 'DROP'])} ${pick(['table_name', 'other'])} ${text()})`,
    ),
    loud(() => `ALTER SERVER ${pick(state.servers)} ${pick([`RENAME TO ${word()}`, `OPTIONS (SET host ${text()})`])}`),
    loud(
      () =>
        `CREATE OR REPLACE FUNCTION b.pairs() RETURNS SETOF a.pair LANGUAGE sql STABLE AS $$ SELECT NULL::a.pair $$`,
    ),
    loud(() => {
      const one = pick(state.tables);
      const other = pick(state.tables);
      const [schema] = one.id.split('.');
      return `BEGIN; ALTER TABLE ${other.id} SET SCHEMA ${schema}; ALTER TABLE ${one.id} RENAME TO swapping; ALTER TABLE ${schema}.${quoted(other.name)} RENAME TO ${quoted(one.name)}; ALTER TABLE ${schema}.swapping RENAME TO ${quoted(other.name)}; COMMIT`;
    }),
    loud(
      () =>
        `BEGIN; ALTER TABLE b.twin RENAME TO swapping; ALTER TABLE b.twine RENAME TO twin; ALTER TABLE b.swapping RENAME TO twine; COMMIT`,
    ),
    loud(() => `DROP TABLE ${pick(state.tables).id} ${pick(['', '', 'CASCADE'])}`),
    loud(
      () =>
        `DROP ${pick([`FUNCTION ${pick(state.functions).id}`, `SEQUENCE ${pick(state.sequences).id}`, `DOMAIN ${pick(state.domains).id}`])} CASCADE`,
    ),
    quiet(() => `ANALYZE ${pick([...state.tables, ...state.materialised, ...state.partitioned]).id}`),
    quiet(() => `VACUUM ${pick([...state.tables, ...state.materialised]).id}`),
    quiet(() => `VACUUM (FREEZE) pg_catalog.${pick(['pg_class', 'pg_attribute', 'pg_description', 'pg_rewrite'])}`),
    quiet(() => `INSERT INTO ${pick(state.tables).id} DEFAULT VALUES`),
    quiet(() => `TRUNCATE ${pick(state.tables).id}`),
    quiet(() => `GRANT SELECT ON ${pick(state.tables).id} TO PUBLIC`),
    quiet(() => `REFRESH MATERIALIZED VIEW ${pick(state.materialised).id}`),
  ];
}
