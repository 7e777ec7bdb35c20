import { expect, it } from 'vitest';
import type { DescribedEdge, DescribedProcess } from '../../lineage/read/describe.js';
import { isStale, withoutStale } from '../../lineage/read/stale-edges.js';

const SINCE = new Date('2026-09-01T00:00:00Z');
const [OLD, NEW] = ['2026-08-31T23:59:59+00:00', '2026-09-01T00:00:00+00:00'];

const process = (kind: DescribedProcess['kind'], lastSeen: string) => ({ kind, lastSeen }) as DescribedProcess;
const edge = (ends: string, ...processes: DescribedProcess[]): DescribedEdge => {
  const [upstream = '', downstream = ''] = ends.split('>');
  return { upstream, downstream, direct: true, processes, columns: [] };
};
const drawn = (edges: readonly DescribedEdge[]) => edges.map(({ upstream, downstream }) => `${upstream}>${downstream}`);

it('A job or statement is stale that was not seen to run since then; a view and what people state never are', () => {
  expect([isStale(process('job', OLD), SINCE), isStale(process('query', OLD), SINCE)]).toEqual([true, true]);
  expect([isStale(process('job', NEW), SINCE), isStale(process('query', NEW), SINCE)]).toEqual([false, false]);
  expect([isStale(process('view', OLD), SINCE), isStale(process('manual', OLD), SINCE)]).toEqual([false, false]);
});

it('Without what is stale, an edge stays that something else uses, and a node that something else joins to the start', () => {
  const { nodes, edges } = withoutStale(
    {
      start: 'a',
      nodes: 'abcdef'.split('').map((node) => ({ node })),
      edges: [
        edge('a>b', process('job', OLD), process('view', OLD)),
        edge('a>c', process('job', OLD)),
        edge('c>d', process('job', NEW)),
        edge('b>e', process('job', NEW)),
        edge('f>a', process('query', NEW)),
        edge('f>e', process('job', OLD)),
      ],
    },
    SINCE,
  );
  expect(drawn(edges)).toEqual(['a>b', 'b>e', 'f>a']);
  expect(edges[0]?.processes).toEqual([process('view', OLD)]);
  expect(nodes.map(({ node }) => node)).toEqual(['a', 'b', 'e', 'f']);
});
