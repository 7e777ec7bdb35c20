import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../cli/embedded/free-port.js';
import { type RunningTemporal, startTemporal } from '../../cli/embedded/temporal.js';
import { resolveTemporalBinary } from '../../cli/embedded/temporal-binary.js';
import { crawlId } from '../../workflows/contract.js';
import { progressQuery } from '../../workflows/crawl.js';
import { onStage, stubControl, stubGroup } from './stub-workers.js';

let server: RunningTemporal;
beforeAll(async () => {
  const port = await freePort();
  server = await startTemporal({
    binary: await resolveTemporalBinary(resolve('.datamap')),
    port,
    logFile: join(tmpdir(), `temporal-${port}.log`),
    // The usual 4,096 events take hundreds of databases; what happens then is the same.
    dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': '300' },
  });
});
afterAll(() => server.stop());

it('a crawl of many databases goes on as a new execution with one run and progress that never falls back', async () => {
  const databases = Array.from({ length: 250 }, (_, index) => `d${String(index).padStart(3, '0')}`);
  const opened: string[] = [];
  let group = '';
  const { activities, record } = stubControl(databases, { group: () => group, lanes: 10 });
  const control = {
    ...activities,
    openRun: async (request: Parameters<typeof activities.openRun>[0]) => {
      opened.push(request.runId);
      return activities.openRun(request);
    },
  };
  await onStage(
    { control, group: stubGroup(databases) },
    async (stage) => {
      group = stage.group;
      const handle = await stage.startCrawl();
      const seen: number[] = [];
      const watching = (async () => {
        for (;;) {
          const { unitsDone, unitsTotal } = await stage.client.workflow
            .getHandle(crawlId(stage.crawlerId))
            .query(progressQuery);
          if (unitsTotal > 0) seen.push(unitsDone);
          if (unitsDone === databases.length) return;
        }
      })();
      const result = await handle.result();
      await watching;
      expect(result).toMatchObject({ status: 'succeeded', runId: opened[0] });
      expect(opened).toHaveLength(1);
      expect(record.published.toSorted()).toEqual(databases);
      expect(seen).toEqual(seen.toSorted((a, b) => a - b));
      const executions: string[] = [];
      for await (const { runId } of stage.client.workflow.list({
        query: `WorkflowId = '${crawlId(stage.crawlerId)}'`,
      })) {
        executions.push(runId);
      }
      expect(executions.length).toBeGreaterThan(1);
      const last = await stage.client.workflow.getHandle(crawlId(stage.crawlerId)).describe();
      expect(
        Object.fromEntries(last.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value])),
      ).toMatchObject({
        CrawlerId: stage.crawlerId,
      });
    },
    server.address,
  );
});
