import { describe, expect, test } from 'vitest';
import { ConnectorError } from '../../connectors/contract.js';
import { mysqlSpec } from '../../connectors/mysql/spec.js';
import { postgresqlSpec } from '../../connectors/postgresql/spec.js';

describe('a connection URL', () => {
  test('is taken apart, with special characters decoded', () => {
    expect(postgresqlSpec.parseUrl('postgres://re%40der:p%2Fw%25@[::1]:6432/Sh%C3%B6p?sslmode=verify-full')).toEqual({
      config: { host: '::1', port: 6432, user: 're@der', database: 'Shöp', tls: 'verify' },
      secrets: { password: 'p/w%' },
      database: 'Shöp',
    });
    expect(mysqlSpec.parseUrl('mysql://reader@db.example?ssl-mode=DISABLED')).toEqual({
      config: { host: 'db.example', port: 3306, user: 'reader', tls: 'off' },
      secrets: {},
    });
  });

  test.each([
    ['is no URL', 'shop on db.example with hunter2secret'],
    ['names no user', 'postgres://db.example/shop?password=hunter2secret'],
    ['has a bare percent sign', 'postgres://reader:hunter2secret%zz@db.example/shop'],
    ['has an unknown TLS mode', 'postgres://reader:hunter2secret@db.example/shop?sslmode=sometimes'],
    ['names too long a database', `postgres://reader:hunter2secret@db.example/${'x'.repeat(64)}`],
  ])('that %s is refused with an example, and never repeated', (_what, url) => {
    let refused: unknown;
    try {
      postgresqlSpec.parseUrl(url);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(ConnectorError);
    const { code, message, remedy } = refused as ConnectorError;
    expect(code).toBe('INVALID_URL');
    expect(remedy).toContain('postgres://user:password@host:5432/database');
    expect(message + remedy).not.toContain('hunter2secret');
  });
});
