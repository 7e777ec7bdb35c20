import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../cli/embedded/free-port.js';
import { type RunningTemporal, startTemporal } from '../../cli/embedded/temporal.js';
import { resolveTemporalBinary } from '../../cli/embedded/temporal-binary.js';
import { crawlId } from '../../workflows/contract.js';
import { progressQuery } from '../../workflows/crawl.js';
import { onStage, stubControl, stubGroup } from './stub-workers.js';

/** 3,000 is what was promised, and tried by hand. */
const DATABASES = Number(process.env['DATAMAP_TEST_LONG_CRAWL_DATABASES'] ?? 400);
const LANES = 10;
/** Events after which a new execution is suggested, and those that a page of a hundred databases takes besides. */
const SUGGESTED = 300;
const LONGEST = SUGGESTED + 100 * 20;
/** Of what a running execution tells of itself, and of the first event of one that goes on. */
const SMALL = 4_096;

let server: RunningTemporal;
beforeAll(async () => {
  const port = await freePort();
  server = await startTemporal({
    binary: await resolveTemporalBinary(resolve('.datamap')),
    port,
    logFile: join(tmpdir(), `temporal-${port}.log`),
    // The usual 4,096 events take hundreds of databases; what happens then is the same.
    dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': String(SUGGESTED) },
  });
});
afterAll(() => server.stop());

it(`a crawl of ${DATABASES} databases goes on as a new execution with one run, and with progress that never falls back`, async () => {
  const databases = Array.from({ length: DATABASES }, (_, index) => `d${String(index).padStart(4, '0')}`);
  const opened: string[] = [];
  let group = '';
  const { activities, record } = stubControl(databases, { group: () => group, lanes: LANES });
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
          const progress = await stage.client.workflow.getHandle(crawlId(stage.crawlerId)).query(progressQuery);
          const { unitsDone, unitsTotal, collecting } = progress;
          expect(collecting.length).toBeLessThanOrEqual(LANES);
          expect(JSON.stringify(progress).length).toBeLessThan(SMALL);
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
      let longest = 0;
      let fattest = 0;
      for await (const { runId } of stage.client.workflow.list({
        query: `WorkflowId = '${crawlId(stage.crawlerId)}'`,
      })) {
        executions.push(runId);
        const history = await stage.client.workflow.getHandle(crawlId(stage.crawlerId), runId).fetchHistory();
        longest = Math.max(longest, history.events?.length ?? 0);
        const [payload] = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
        fattest = Math.max(fattest, payload?.data?.length ?? 0);
      }
      console.info(
        `${executions.length} executions of at most ${longest} events, each begun with at most ${fattest} bytes`,
      );
      expect(fattest).toBeLessThan(SMALL);
      // The page that is in work when the history has grown long is finished first.
      expect(longest).toBeLessThan(LONGEST);
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
}, 300_000);
