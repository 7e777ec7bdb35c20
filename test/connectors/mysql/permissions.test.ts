import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { privilegesDigest, visibilityOf } from '../../../connectors/mysql/grants.js';
import { headsOf, MARIADB, TestSource } from './source.js';

const PLAIN = { partialRevokes: false, foldsCase: false };
const seen = (lines: string[], options = PLAIN) => visibilityOf(lines, 'app_one', 'c@%', options);

describe('what SHOW GRANTS proves', () => {
  it.each([
    ['a global privilege', ['GRANT SELECT ON *.* TO `c`@`%`']],
    ['all privileges', ['GRANT ALL PRIVILEGES ON `app_one`.* TO `c`@`%` WITH GRANT OPTION']],
    ['the database itself', ['GRANT SELECT, SHOW VIEW ON `app\\_one`.* TO `c`@`%`']],
    [
      'a pattern',
      ["GRANT USAGE ON *.* TO `c`@`%` IDENTIFIED BY PASSWORD '*0'", 'GRANT INSERT ON `app\\_%`.* TO `c`@`%`'],
    ],
    ['an unescaped underscore', ['GRANT SELECT ON `app_on_`.* TO `c`@`%`']],
    [
      'a role',
      ['GRANT `reader` TO `c`@`%`', 'GRANT USAGE ON *.* TO `reader`', 'GRANT SELECT ON `app_one`.* TO `reader`'],
    ],
    [
      'a role beside a weaker grant of the account',
      ['GRANT EXECUTE ON `app_one`.* TO `c`@`%`', 'GRANT SELECT ON `app_one`.* TO `reader`'],
    ],
  ])('completeness by %s', (_, lines) => {
    expect(seen(lines).complete).toBe(true);
  });

  it.each([
    ['no grant', ['GRANT USAGE ON *.* TO `c`@`%`']],
    ['another database', ['GRANT SELECT ON `app\\_two`.* TO `c`@`%`']],
    ['an escaped underscore that matches nothing else', ['GRANT SELECT ON `app\\_on\\_`.* TO `c`@`%`']],
    ['single tables', ['GRANT SELECT ON `app_one`.`t` TO `c`@`%`']],
    ['single columns', ['GRANT SELECT (a, b) ON `app_one`.`t` TO `c`@`%`']],
    ['privileges that show no table', ['GRANT EXECUTE, LOCK TABLES, EVENT ON `app_one`.* TO `c`@`%`']],
    [
      'a more specific grant that a server would use instead',
      ['GRANT SELECT ON `app\\_%`.* TO `c`@`%`', 'GRANT EXECUTE ON `app_one`.* TO `c`@`%`'],
    ],
    ['a partial revoke', ['GRANT SELECT ON *.* TO `c`@`%`', 'REVOKE SELECT ON `app_one`.* FROM `c`@`%`']],
    ['a denial', ['GRANT SELECT ON *.* TO `c`@`%`', 'DENY SELECT ON `app_one`.* TO `c`@`%`']],
    ['a database in another case', ['GRANT SELECT ON `APP_ONE`.* TO `c`@`%`']],
  ])('nothing by %s', (_, lines) => {
    expect(seen(lines).complete).toBe(false);
  });

  it('is told apart by its digest where it bears on the database, whatever the order and the password', () => {
    const digest = (...lines: string[]) => privilegesDigest(lines, 'app_one', PLAIN);
    const select = 'GRANT SELECT ON `app\\_one`.* TO `c`@`%`';
    const before = digest("GRANT USAGE ON *.* TO `c`@`%` IDENTIFIED BY PASSWORD '*0'", select);
    expect(digest(select, "GRANT USAGE ON *.* TO `c`@`%` IDENTIFIED BY PASSWORD '*1'")).toBe(before);
    expect(digest('GRANT USAGE ON *.* TO `c`@`%`', select, 'GRANT SELECT ON `other`.* TO `c`@`%`')).toBe(before);
    expect(digest('GRANT USAGE ON *.* TO `c`@`%`', select, 'GRANT SELECT ON `other`.`t` TO `c`@`%`')).toBe(before);
    for (const more of ['GRANT SELECT ON `app_one`.`t` TO `c`@`%`', 'GRANT SELECT ON *.* TO `c`@`%`'])
      expect(digest('GRANT USAGE ON *.* TO `c`@`%`', select, more)).not.toBe(before);
    expect(digest('GRANT USAGE ON *.* TO `c`@`%`')).not.toBe(before);
  });

  it('takes patterns literally under partial revokes, and folds case where the server does', () => {
    expect(seen(['GRANT SELECT ON `app%`.* TO `c`@`%`'], { partialRevokes: true, foldsCase: false }).complete).toBe(
      false,
    );
    expect(seen(['GRANT SELECT ON `APP_ONE`.* TO `c`@`%`'], { partialRevokes: false, foldsCase: true }).complete).toBe(
      true,
    );
  });

  it('names the exact grant, with wildcards and quotes escaped', () => {
    expect(visibilityOf([], 'a_b`c', "o'neil@10.0.%", PLAIN).remedy).toBe(
      "GRANT SELECT, SHOW VIEW ON `a\\_b``c`.* TO 'o\\'neil'@'10.0.%';",
    );
  });
});

describe.skipIf(MARIADB === '')('an account of MariaDB', () => {
  let source: TestSource;
  beforeAll(async () => {
    source = await TestSource.create();
    await source.run(`CREATE TABLE parent (id int PRIMARY KEY);
      CREATE TABLE child (id int PRIMARY KEY, p int, CONSTRAINT fk FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE);
      CREATE VIEW both_ids AS SELECT child.id, p FROM child JOIN parent ON p = parent.id`);
  });
  afterAll(() => source?.drop());

  it.each([
    ['on the database', 'SELECT, SHOW VIEW', (pattern: string) => `${pattern}.*`],
    ['on everything', 'SELECT', () => '*.*'],
  ])('with a privilege %s proves a complete listing', async (_, privileges, place) => {
    const reader = await source.open(await source.account(`${privileges} ON ${place(source.pattern)}`));
    expect((await reader.describe()).incomplete).toBeUndefined();
    expect([...(await headsOf(reader)).keys()].sort()).toEqual(['both_ids', 'child', 'parent']);
  });

  it('with a default role proves it too', async () => {
    const user = await source.account();
    const role = `r_${user}`;
    await source.run(`CREATE ROLE ${role}; GRANT SELECT, SHOW VIEW ON ${source.database}.* TO ${role};
      GRANT ${role} TO '${user}'@'%'; SET DEFAULT ROLE ${role} FOR '${user}'@'%'`);
    try {
      const reader = await source.open(user);
      expect((await reader.describe()).incomplete).toBeUndefined();
    } finally {
      await source.run(`DROP ROLE ${role}`);
    }
  });

  it('with single tables cannot, is told the exact grant, and that grant mends it', async () => {
    const user = await source.account(`SELECT ON ${source.database}.parent`);
    const reader = await source.open(user);
    const { incomplete } = await reader.describe();
    expect(incomplete).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect([...(await headsOf(reader)).keys()]).toEqual(['parent']);
    await source.run(incomplete?.remedy ?? '');
    expect((await (await source.open(user)).describe()).incomplete).toBeUndefined();
  });

  it('has the same privileges as last time until they are changed, and each reading tells', async () => {
    const user = await source.account(`SELECT, SHOW VIEW ON ${source.pattern}.*`);
    const privileges = async () => (await (await source.open(user)).describe()).privileges;
    const before = await privileges();
    expect(await privileges()).toBe(before);
    await source.run(`REVOKE SHOW VIEW ON ${source.pattern}.* FROM '${user}'@'%'`);
    expect(await privileges()).not.toBe(before);
    await source.run(`GRANT SHOW VIEW ON ${source.pattern}.* TO '${user}'@'%'`);
    expect(await privileges()).toBe(before);
  });

  it('without any grant is refused, not shown an empty database', async () => {
    await expect(source.open(await source.account())).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('that asks for a database that is not there is told so', async () => {
    const { mysqlConnector } = await import('../../../connectors/mysql/connector.js');
    const signal = new AbortController().signal;
    await expect(mysqlConnector.openDatabase(source.connection(), 'no_such_db', { signal })).rejects.toMatchObject({
      code: 'UNKNOWN_DATABASE',
      retryable: false,
    });
  });

  it('whose database is dropped while it is read gets an error, never an empty listing', async () => {
    const brief = await TestSource.create();
    await brief.run('CREATE TABLE t (id int)');
    const reader = await brief.open();
    const listing = reader.list();
    await brief.run(`DROP DATABASE ${brief.database}`);
    await expect(listing[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'UNKNOWN_DATABASE' });
    await expect(reader.read(['t'])).rejects.toMatchObject({ code: 'UNKNOWN_DATABASE' });
    await brief.drop();
  });

  it('whose grant is revoked during the listing gets an error at its end', async () => {
    const user = await source.account(`SELECT ON ${source.pattern}.*`);
    const reader = await source.open(user);
    const listing = reader.list()[Symbol.asyncIterator]();
    await listing.next();
    await source.run(`REVOKE SELECT ON ${source.pattern}.* FROM '${user}'@'%'`);
    await expect(listing.next()).rejects.toMatchObject({
      code: expect.stringMatching(/PERMISSION_DENIED|UNKNOWN_DATABASE/),
    });
  });

  it('without SHOW VIEW gets views and foreign keys with a problem that names the grant', async () => {
    const user = await source.account(`SELECT ON ${source.pattern}.*`);
    const reader = await source.open(user);
    const page = await reader.read(['both_ids', 'child']);
    expect(page.tables.find(({ name }) => name === 'both_ids')?.structure).toMatchObject({
      columns: [{ name: 'id' }, { name: 'p' }],
    });
    expect(page.problems).toMatchObject([
      { name: 'both_ids', code: 'VIEW_TEXT_NOT_VISIBLE', remedy: expect.stringMatching(/^GRANT SELECT, SHOW VIEW ON/) },
      { name: 'child', code: 'FOREIGN_KEY_RULES_NOT_VISIBLE' },
    ]);
    await source.run(page.problems[0]?.remedy ?? '');
    const mended = await (await source.open(user)).read(['both_ids', 'child']);
    expect(mended.problems).toEqual([]);
    expect(mended.tables.find(({ name }) => name === 'child')?.structure.foreignKeys[0]?.onDelete).toBe('CASCADE');
  });
});
