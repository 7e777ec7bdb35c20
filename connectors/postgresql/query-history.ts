import type { CountedStatement, QueryHistory } from '../contract.js';
import { StatementError } from './errors.js';
import { quoteIdentifier } from './quote-identifier.js';
import type { Session } from './session.js';

/** What there is of the extension in the open database. */
interface Extension {
  schema: string | null;
  available: boolean;
  readsAll: boolean;
  /** Names of the columns of its view, which differ from version to version. */
  columns: string[];
}

const EXTENSION = `
SELECT n.nspname::pg_catalog.text AS schema,
       EXISTS (SELECT FROM pg_catalog.pg_available_extensions a WHERE a.name = 'pg_stat_statements') AS available,
       pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS "readsAll",
       ARRAY(SELECT a.attname::pg_catalog.text
               FROM pg_catalog.pg_class v
               JOIN pg_catalog.pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0
              WHERE v.relname = 'pg_stat_statements' AND v.relnamespace = n.oid) AS columns
  FROM (SELECT) one
  LEFT JOIN pg_catalog.pg_extension e ON e.extname = 'pg_stat_statements'
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace`;

/**
 * Whom a key is of. A statement that its function's caller did not send itself is another row from version 1.9 on, and when
 * counting began is told from 1.11 on. Without a number the text is of a role whose statements we may not see.
 */
const keyOf = (has: ReadonlySet<string>): string =>
  `pg_catalog.concat_ws(':', s.queryid, s.userid${has.has('toplevel') ? ', s.toplevel::pg_catalog.int4' : ''}${
    has.has('stats_since') ? ', EXTRACT(epoch FROM s.stats_since)' : ''
  })`;

/**
 * Counters alone: the function does not read its file of texts then. The path is the role's setting in this database, else
 * its own, else the database's; of it what exists.
 */
const statementsSql = (schema: string, has: ReadonlySet<string>): string => `
SELECT ${keyOf(has)} AS key, r.rolname::pg_catalog.text AS role, s.calls::pg_catalog.float8 AS calls,
       s.${has.has('total_exec_time') ? 'total_exec_time' : 'total_time'} AS "totalTime",
       ARRAY(SELECT n.nspname::pg_catalog.text
               FROM pg_catalog.unnest(pg_catalog.string_to_array(p.path, ',')) WITH ORDINALITY AS w (word, place)
               JOIN pg_catalog.pg_namespace n
                 ON n.nspname = CASE pg_catalog.btrim(w.word, ' "') WHEN '$user' THEN r.rolname::pg_catalog.text
                                ELSE pg_catalog.btrim(w.word, ' "') END
              ORDER BY w.place) AS path
  FROM ${quoteIdentifier(schema)}.pg_stat_statements(false) s
  JOIN pg_catalog.pg_database d ON d.oid = s.dbid AND d.datname = pg_catalog.current_database()
  JOIN pg_catalog.pg_roles r ON r.oid = s.userid
 CROSS JOIN LATERAL (
       SELECT coalesce((SELECT pg_catalog.substr(c.setting, 13)
                          FROM pg_catalog.pg_db_role_setting o
                         CROSS JOIN LATERAL pg_catalog.unnest(o.setconfig) AS c (setting)
                         WHERE o.setdatabase IN (0, d.oid) AND o.setrole IN (0, r.oid)
                           AND pg_catalog.starts_with(c.setting, 'search_path=')
                         ORDER BY o.setrole = 0, o.setdatabase = 0
                         LIMIT 1), '"$user", public') AS path) p
 WHERE s.queryid IS NOT NULL AND s.calls > 0
 ORDER BY s.queryid, s.userid`;

/**
 * Stands in statements of the collection itself that are long to read: they ask the server's own catalogues alone, and no lineage or use
 * of a table follows from them.
 */
export const OWN_MARK = '/* asked by Datamap of the catalogues */';

const textsSql = (schema: string, has: ReadonlySet<string>): string => `
SELECT ${keyOf(has)} AS key,
       CASE WHEN pg_catalog.strpos(s.query, '${OWN_MARK}') > 0 THEN 'SELECT 1'
            WHEN pg_catalog.octet_length(s.query) <= $2 THEN s.query END AS text,
       coalesce(pg_catalog.octet_length(s.query), 0) AS bytes
  FROM ${quoteIdentifier(schema)}.pg_stat_statements(true) s
  JOIN pg_catalog.pg_database d ON d.oid = s.dbid AND d.datname = pg_catalog.current_database()
 WHERE ${keyOf(has)} = ANY ($1::pg_catalog.text[])`;

/** What pg_stat_statements counted in the open database: https://www.postgresql.org/docs/18/pgstatstatements.html */
export async function readQueryHistory(session: Session): Promise<QueryHistory> {
  const [found] = await session.query<Extension>(EXTENSION);
  if (found === undefined || found.schema === null) return nothing(notInstalled(found?.available === true));
  const { schema, readsAll } = found;
  const has = new Set(found.columns);
  let statements: CountedStatement[];
  try {
    statements = await session.query<CountedStatement>(statementsSql(schema, has));
  } catch (error) {
    const lacking = error instanceof StatementError ? refused(error, session.identity.user, schema) : undefined;
    if (lacking === undefined) throw error;
    return nothing(lacking);
  }
  return {
    statements,
    ...(readsAll ? {} : { lacking: ownAlone(session.identity.user) }),
    texts: async (keys, mostBytes) => {
      const rows = await session.query<{ key: string; text: string | null; bytes: number }>(textsSql(schema, has), [
        [...keys],
        mostBytes,
      ]);
      return new Map(rows.map(({ key, ...text }) => [key, text]));
    },
  };
}

type Lacking = NonNullable<QueryHistory['lacking']>;

const nothing = (lacking: Lacking): QueryHistory => ({ statements: [], lacking, texts: async () => new Map() });

function notInstalled(available: boolean): Lacking {
  const preload = "have shared_preload_libraries = 'pg_stat_statements' in postgresql.conf, which takes a restart";
  return {
    code: 'HISTORY_NOT_KEPT',
    reason: 'The database has no extension pg_stat_statements, so it does not tell which statements were run',
    remedy: available
      ? `Let a superuser run in this database: CREATE EXTENSION pg_stat_statements; the server must ${preload}.`
      : `Install the extension beside the server (contrib), ${preload}, then let a superuser run in this database: CREATE EXTENSION pg_stat_statements.`,
  };
}

function refused({ sqlState }: StatementError, user: string, schema: string): Lacking | undefined {
  if (sqlState === '55000')
    return {
      code: 'HISTORY_NOT_KEPT',
      reason: 'The server does not load pg_stat_statements, so no statement is counted',
      remedy: "Set shared_preload_libraries = 'pg_stat_statements' in postgresql.conf and restart the server.",
    };
  if (sqlState !== '42501') return undefined;
  const extension = quoteIdentifier(schema);
  return {
    code: 'HISTORY_NOT_SHOWN',
    reason: `“${user}” may not read pg_stat_statements`,
    remedy: `Let its owner run: GRANT USAGE ON SCHEMA ${extension} TO ${quoteIdentifier(user)}; GRANT EXECUTE ON FUNCTION ${extension}.pg_stat_statements(boolean) TO ${quoteIdentifier(user)}; GRANT pg_read_all_stats TO ${quoteIdentifier(user)}.`,
  };
}

function ownAlone(user: string): Lacking {
  return {
    code: 'HISTORY_NOT_SHOWN',
    reason: `“${user}” sees its own statements alone, not what others ran`,
    remedy: `Let an administrator run: GRANT pg_read_all_stats TO ${quoteIdentifier(user)}.`,
  };
}
