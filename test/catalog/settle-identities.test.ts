import { expect, test } from 'vitest';
import { type Candidate, settleIdentities } from '../../catalog/collect/settle-identities.js';

const candidate = (given: Partial<Candidate> & { nativeKey: string; guid: string }): Candidate => ({
  kind: 'table',
  hasPartitions: false,
  knownId: null,
  holderId: null,
  newId: given.knownId === undefined || given.knownId === null ? `9${given.nativeKey}` : null,
  entityId: null,
  version: null,
  removed: null,
  sameStructure: null,
  samePartitions: null,
  sameGuid: null,
  ...given,
});
const known = { version: 3, removed: false, sameStructure: false, samePartitions: true, sameGuid: false };

test('two known tables that swap names displace each other, and both get their names', () => {
  const settled = settleIdentities([
    candidate({ nativeKey: '1', guid: 'b', knownId: '1', entityId: '1', holderId: '2', ...known }),
    candidate({ nativeKey: '2', guid: 'a', knownId: '2', entityId: '2', holderId: '1', ...known }),
  ]);
  expect(settled.displaced).toEqual(['2', '1']);
  expect(settled.objects).toMatchObject([
    { entityId: '1', givesWay: false, action: 'changed', fromVersion: 3, toVersion: 4 },
    { entityId: '2', givesWay: false, action: 'changed', fromVersion: 3, toVersion: 4 },
  ]);
});

test('a new object takes over the entity of one that is gone, but not of one that still lives', () => {
  const gone = candidate({ nativeKey: '5', guid: 'a', holderId: '1', entityId: '1', ...known, sameGuid: true });
  expect(settleIdentities([gone])).toMatchObject({ displaced: [], objects: [{ entityId: '1', newKey: true }] });
  const lives = candidate({ nativeKey: '5', guid: 'a', holderId: '1' });
  expect(settleIdentities([lives])).toMatchObject({ displaced: ['1'], objects: [{ entityId: '95', action: 'added' }] });
});

test('of two objects that read as the same name, one has it and the other gives way', () => {
  const settled = settleIdentities([
    candidate({
      nativeKey: '1',
      guid: 'a',
      entityId: '7',
      removed: true,
      version: 2,
      sameStructure: true,
      samePartitions: true,
    }),
    candidate({
      nativeKey: '2',
      guid: 'a',
      entityId: '7',
      removed: true,
      version: 2,
      sameStructure: true,
      samePartitions: true,
    }),
  ]);
  expect(settled.objects).toMatchObject([
    { entityId: '7', givesWay: false, action: 'restored', fromVersion: 2, toVersion: 2 },
    { entityId: '92', givesWay: true, action: 'added', toVersion: 1 },
  ]);
});

test('a known table keeps its entity even when another object of the page could be it', () => {
  const settled = settleIdentities([
    candidate({ nativeKey: '1', guid: 'a', holderId: '2', entityId: '2', ...known }),
    candidate({ nativeKey: '2', guid: 'b', knownId: '2', entityId: '2', ...known }),
  ]);
  expect(settled.objects).toMatchObject([
    { nativeKey: '1', entityId: '91', action: 'added' },
    { nativeKey: '2', entityId: '2', action: 'changed' },
  ]);
  expect(settled.displaced).toEqual(['2']);
});
