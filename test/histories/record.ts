import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, DefaultLogger, Runtime } from '@temporalio/worker';
import { freePort } from '../../cli/embedded/free-port.js';
import { startTemporal } from '../../cli/embedded/temporal.js';
import { resolveTemporalBinary } from '../../cli/embedded/temporal-binary.js';
import { playScenario, scenarios } from './scenarios.js';

/**
 * Records histories beside this file from a real server: `npm run history:record -- <name> ...` those of new paths by
 * name, without names all of them anew. All are to be recorded anew only when a workflow is changed on purpose in a way
 * that runs of the released version need not survive; otherwise they stay, and the change is made with `patched`.
 */
const wanted = new Set(process.argv.slice(2));
Runtime.install({ logger: new DefaultLogger('ERROR') });
const directory = mkdtempSync(join(tmpdir(), 'datamap-histories-'));
const workflowBundle = join(directory, 'workflows.js');
const { code } = await bundleWorkflowCode({
  workflowsPath: resolve('workflows/index.ts'),
  logger: new DefaultLogger('ERROR'),
});
writeFileSync(workflowBundle, code);
const server = await startTemporal({
  binary: await resolveTemporalBinary(resolve('.datamap'), console.log),
  port: await freePort(),
  logFile: join(directory, 'temporal.log'),
  // Long enough for every other scenario, short enough for files that can be read.
  dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': '150' },
});
try {
  for (const scenario of scenarios) {
    await playScenario(scenario, { address: server.address, workflowBundle }, async (name, execution, { client }) => {
      if (wanted.size > 0 && !wanted.has(name)) return;
      const history = await client.workflow.getHandle(execution.workflowId, execution.runId).fetchHistory();
      const file = join(import.meta.dirname, `${name}.json`);
      writeFileSync(file, `${JSON.stringify(withoutTraces(JSON.parse(historyToJSON(history))))}\n`);
      console.log(`${name}: ${history.events?.length} events`);
    });
  }
} finally {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
}

/** Replay does not need them, and they name files of the machine that recorded. */
function withoutTraces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTraces);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'stackTrace')
      .map(([key, inner]) => [key, withoutTraces(inner)]),
  );
}
