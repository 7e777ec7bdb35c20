import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporalAddress } from '../../orchestrator/temporal-address.js';
import { BadWorkerConfig, workerConfig } from '../../worker/config.js';

const secret = Buffer.alloc(32, 7).toString('base64');
const enough = { DATABASE_URL: 'postgres://datamap:pw@db/datamap', DATAMAP_SECRET_KEY: secret };

describe('the settings of the worker', () => {
  it('serve both roles and all groups unless told otherwise', () => {
    expect(workerConfig(enough)).toMatchObject({
      roles: { control: true, groups: true },
      resourceGroups: undefined,
      healthPort: undefined,
      metricsAddress: undefined,
      temporal: { connection: { address: '127.0.0.1:7233' }, namespace: 'default' },
    });
  });

  it('narrow the worker to roles and groups', () => {
    const config = workerConfig({
      ...enough,
      DATAMAP_WORKER_ROLES: 'groups',
      DATAMAP_RESOURCE_GROUPS: 'eu-west, eu-north',
      WORKER_HEALTH_PORT: '9000',
    });
    expect(config.roles).toEqual({ control: false, groups: true });
    expect([...(config.resourceGroups ?? [])]).toEqual(['eu-west', 'eu-north']);
    expect(config.healthPort).toBe(9_000);
  });

  it('say who is told of runs as OpenLineage, at the place where its clients send by default', () => {
    expect(workerConfig(enough).openLineage).toBeUndefined();
    const told = (DATAMAP_OPENLINEAGE_URL: string) => workerConfig({ ...enough, DATAMAP_OPENLINEAGE_URL }).openLineage;
    expect(told('http://marquez:5000')).toEqual({ url: 'http://marquez:5000/api/v1/lineage', namespace: 'datamap' });
    expect(told('https://example.org/hook?team=data')?.url).toBe('https://example.org/hook?team=data');
    expect(() => told('http://user:hunter2@marquez')).toThrow(/DATAMAP_OPENLINEAGE_URL must not hold/);
    expect(() => told('marquez:5000')).toThrow(BadWorkerConfig);
  });

  it('are refused all at once, each by its name, and without a value', () => {
    const refuse = () =>
      workerConfig({
        DATABASE_URL: 'mysql://root:hunter2@db',
        DATAMAP_SECRET_KEY: 'hunter2',
        MEILI_URL: 'meili',
        WORKER_HEALTH_PORT: 'high',
        DATAMAP_WORKER_ROLES: 'control,everything',
        DATAMAP_RESOURCE_GROUPS: 'EU West',
        TEMPORAL_ADDRESS: 'http://temporal:7233',
        LOG_LEVEL: 'loud',
      });
    expect(refuse).toThrow(BadWorkerConfig);
    const message = (() => {
      try {
        return String(refuse());
      } catch (error) {
        return String(error);
      }
    })();
    for (const name of [
      'DATABASE_URL',
      'DATAMAP_SECRET_KEY',
      'MEILI_URL',
      'WORKER_HEALTH_PORT',
      'DATAMAP_WORKER_ROLES',
      'DATAMAP_RESOURCE_GROUPS',
      'TEMPORAL_ADDRESS',
      'LOG_LEVEL',
    ]) {
      expect(message).toContain(name);
    }
    expect(message).not.toContain('hunter2');
  });

  it('treat an empty variable as one that is not set', () => {
    expect(() => workerConfig({ ...enough, DATABASE_URL: '' })).toThrow(/DATABASE_URL is missing/);
    expect(workerConfig({ ...enough, MEILI_URL: '', DATAMAP_RESOURCE_GROUPS: '' })).toMatchObject({
      meiliUrl: undefined,
      resourceGroups: undefined,
    });
  });
});

describe('the address of Temporal', () => {
  const file = (name: string) => {
    const path = join(tmpdir(), `datamap-${process.pid}-${name}`);
    writeFileSync(path, name);
    return path;
  };

  it('sends an API key over TLS only', () => {
    expect(temporalAddress({ TEMPORAL_ADDRESS: 'cloud:7233', TEMPORAL_API_KEY: 'k' }).connection).toEqual({
      address: 'cloud:7233',
      apiKey: 'k',
      tls: true,
    });
    expect(temporalAddress({ TEMPORAL_API_KEY: 'k', TEMPORAL_TLS: 'false' }).connection.tls).toBeUndefined();
  });

  it('reads certificates from files', () => {
    const { connection, namespace } = temporalAddress({
      TEMPORAL_NAMESPACE: 'datamap.a1b2c',
      TEMPORAL_TLS_CLIENT_CERT_PATH: file('cert'),
      TEMPORAL_TLS_CLIENT_KEY_PATH: file('key'),
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: file('ca'),
      TEMPORAL_TLS_SERVER_NAME: 'temporal.example',
    });
    expect(namespace).toBe('datamap.a1b2c');
    expect(connection.tls).toEqual({
      serverNameOverride: 'temporal.example',
      serverRootCACertificate: Buffer.from('ca'),
      clientCertPair: { crt: Buffer.from('cert'), key: Buffer.from('key') },
    });
  });

  it.each([
    [{ TEMPORAL_ADDRESS: 'https://temporal:7233' }, /without a scheme/],
    [{ TEMPORAL_TLS: 'yes' }, /must be true or false/],
    [{ TEMPORAL_TLS_CLIENT_CERT_PATH: '/nowhere' }, /TEMPORAL_TLS_CLIENT_CERT_PATH names \/nowhere/],
    [{ TEMPORAL_TLS: 'false', TEMPORAL_TLS_SERVER_NAME: 'a' }, /TEMPORAL_TLS is false/],
  ])('refuses %j', (env, message) => {
    expect(() => temporalAddress(env)).toThrow(message);
  });

  it('wants certificate and key together', () => {
    expect(() => temporalAddress({ TEMPORAL_TLS_CLIENT_CERT_PATH: file('cert') })).toThrow(/must be set together/);
  });
});
