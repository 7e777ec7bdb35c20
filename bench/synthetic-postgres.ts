import pg from 'pg';

const SCHEMAS = 10;
const TEMPLATES = 10;
const COLUMNS = 20;
const TYPES = [
  'bigint',
  'integer',
  'text',
  'character varying(40)',
  'numeric(12,2)',
  'timestamp with time zone',
  'date',
  'boolean',
  'jsonb',
  'uuid',
  'double precision',
  'smallint',
  'text[]',
  'character varying(255)',
  'bytea',
  'inet',
  'interval',
  'real',
  'time',
  'numeric(20,6)',
];

/**
 * Fills a database with `relations` relations of 20 columns in ten schemas: of each 1,000, 900 tables, 50 views,
 * 10 partitioned tables and their 40 partitions; a comment on every table and column, a primary key on every table,
 * a second index on every third.
 */
export async function fillSyntheticPostgres(
  url: string,
  relations: number,
  onProgress: (done: number) => void = () => undefined,
): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query('SET synchronous_commit = off');
    await client.query(templates());
    for (let start = 0; start < relations; start += 500) {
      const statements: string[] = [];
      for (let n = start; n < Math.min(start + 500, relations); n += 1) statements.push(...relation(n));
      await client.query(`BEGIN; ${statements.join('; ')}; COMMIT`);
      onProgress(Math.min(start + 500, relations));
    }
    await client.query(`DROP SCHEMA template CASCADE`);
    await client.query('VACUUM ANALYZE');
  } finally {
    await client.end();
  }
}

/** Changes the comment of every hundredth plain table and adds a column to it: one in a hundred relations differs. */
export async function changeOnePercent(url: string, relations: number): Promise<number> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const changed = Array.from({ length: Math.floor(relations / 100) }, (_, index) => index * 100).filter(
      (n) => kindOf(n) === 'table',
    );
    const marker = Date.now();
    await client.query(
      changed
        .map(
          (n) =>
            `ALTER TABLE ${nameOf(n)} ADD COLUMN added_${marker} text; COMMENT ON TABLE ${nameOf(n)} IS 'changed at ${marker}, table ${n}'`,
        )
        .join('; '),
    );
    return changed.length;
  } finally {
    await client.end();
  }
}

type Kind = 'table' | 'view' | 'partitioned' | 'partition';

function kindOf(n: number): Kind {
  const place = n % 100;
  if (place < 90) return 'table';
  if (place < 95) return 'view';
  return place === 95 ? 'partitioned' : 'partition';
}

const schemaOf = (n: number) => `area_${Math.floor(n / 100) % SCHEMAS}`;
const nameOf = (n: number) => `${schemaOf(n)}.orders_${n}_daily`;

function templates(): string {
  const schemas = Array.from({ length: SCHEMAS }, (_, index) => `CREATE SCHEMA area_${index}`);
  const tables = Array.from({ length: TEMPLATES }, (_, template) => {
    const columns = Array.from(
      { length: COLUMNS - 1 },
      (_, index) => `c${index}_${template} ${TYPES[(index + template) % TYPES.length]}`,
    );
    const comments = Array.from(
      { length: COLUMNS - 1 },
      (_, index) =>
        `COMMENT ON COLUMN template.t${template}.c${index}_${template} IS 'column ${index} of kind ${template}: what it holds and how it is used'`,
    );
    return [
      `CREATE TABLE template.t${template} (id bigint NOT NULL, ${columns.join(', ')})`,
      `COMMENT ON COLUMN template.t${template}.id IS 'identifies the row'`,
      ...comments,
    ].join('; ');
  });
  return ['CREATE SCHEMA template', ...schemas, ...tables].join('; ');
}

function relation(n: number): string[] {
  const name = nameOf(n);
  const template = `template.t${n % TEMPLATES}`;
  const comment = (keyword: string) => `COMMENT ON ${keyword} ${name} IS 'relation ${n}: orders of one day'`;
  switch (kindOf(n)) {
    case 'table': {
      const index = n % 3 === 0 ? [`CREATE INDEX ON ${name} (c1_${n % TEMPLATES}, id)`] : [];
      return [
        `CREATE TABLE ${name} (LIKE ${template} INCLUDING COMMENTS)`,
        `ALTER TABLE ${name} ADD PRIMARY KEY (id)`,
        ...index,
        comment('TABLE'),
      ];
    }
    case 'view':
      return [`CREATE VIEW ${name} AS SELECT * FROM ${nameOf(n - (n % 100))}`, comment('VIEW'), ...viewComments(n)];
    case 'partitioned':
      return [
        `CREATE TABLE ${name} (LIKE ${template} INCLUDING COMMENTS) PARTITION BY RANGE (id)`,
        `ALTER TABLE ${name} ADD PRIMARY KEY (id)`,
        comment('TABLE'),
      ];
    case 'partition': {
      const part = (n % 100) - 96;
      return [
        `CREATE TABLE ${name} PARTITION OF ${nameOf(n - part - 1)} FOR VALUES FROM (${part * 1000}) TO (${(part + 1) * 1000})`,
        comment('TABLE'),
      ];
    }
  }
}

function viewComments(n: number): string[] {
  const template = (n - (n % 100)) % TEMPLATES;
  return ['id', ...Array.from({ length: COLUMNS - 1 }, (_, index) => `c${index}_${template}`)].map(
    (column) => `COMMENT ON COLUMN ${nameOf(n)}.${column} IS 'view ${n}, ${column}'`,
  );
}
