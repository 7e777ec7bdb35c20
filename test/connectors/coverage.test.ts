import { describe, expect, it } from 'vitest';
import { connectorSpecs, sourceCoverage, sourceGaps } from '../../connectors/registry.js';
import { TYPES_WITH_VIEWS } from '../../lineage/views/source-naming.js';

const of = (type: string) => sourceCoverage.find((line) => line.type === type);

describe('what source types give', () => {
  it('has a line for every type, once, those without a connector too', () => {
    const types = sourceCoverage.map(({ type }) => type);
    expect(new Set(types).size).toBe(types.length);
    expect(types).toEqual(expect.arrayContaining(connectorSpecs.map(({ type }) => type)));
    expect(types).toEqual(
      expect.arrayContaining(['maxcompute', 'dlf', 'emr-hive', 'analyticdb-spark', 'ots', 'oracle', 'elasticsearch']),
    );
    expect(sourceCoverage.filter(({ collected }) => collected)).toHaveLength(connectorSpecs.length);
  });

  it('is what the connector says where there is one, and the condition where there is one', () => {
    for (const { type, timeliness } of connectorSpecs)
      expect(of(type)).toMatchObject({
        partitions: { timeliness: timeliness.partitions },
        lineage: { timeliness: timeliness.lineage },
      });
    expect(of('starrocks')).toMatchObject({
      granularity: 'database',
      partitions: { timeliness: 'not supported' },
      lineage: { timeliness: 'real-time', note: 'In instance mode; none in connection string mode.' },
    });
    const fixed = sourceCoverage.filter(({ scopeEditable }) => !scopeEditable).map(({ type }) => type);
    expect(fixed.sort()).toEqual(['analyticdb-spark', 'cdh-hive', 'elasticsearch', 'emr-hive', 'lindorm', 'ots']);
  });

  it('has lineage of every type whose views are read, which is then no gap', () => {
    for (const type of TYPES_WITH_VIEWS) {
      expect(of(type)?.lineage.timeliness).toBe('by schedule');
      expect(sourceGaps(type).map(({ what }) => what)).not.toContain('lineage');
    }
  });

  it('names what is missing, and why', () => {
    expect(sourceGaps('mysql').map(({ what }) => what)).toEqual(expect.arrayContaining(['owner', 'renames']));
    for (const { type, timeliness } of connectorSpecs)
      expect(sourceGaps(type).some(({ what }) => what === 'lineage')).toBe(timeliness.lineage === 'not supported');
    expect(sourceGaps('unheard-of')).toEqual([]);
  });
});
