import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

Runtime.install({ logger: new DefaultLogger('ERROR') });

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length));
const load = (name: string) =>
  historyFromJSON(JSON.parse(readFileSync(join(import.meta.dirname, `${name}.json`), 'utf8')));

describe('the workflows of today', () => {
  it('have a saved history for each of their paths', () => {
    expect(names.length).toBeGreaterThanOrEqual(12);
  });

  it.each(names)('can go on with a %s that an earlier version began', async (name) => {
    await Worker.runReplayHistory({ workflowBundle: { codePath: inject('workflowBundle') } }, load(name));
  });

  it.each(names)('hold no secret, no table and no trace of a machine in a %s', (name) => {
    const text = readFileSync(join(import.meta.dirname, `${name}.json`), 'utf8');
    expect(text).not.toMatch(/password|secret|stackTrace|file:\/\/|\/home\/|\/work\//i);
  });
});

describe('a careless change of a workflow', () => {
  const directory = mkdtempSync(join(tmpdir(), 'datamap-replay-'));
  const codePath = join(directory, 'changed.js');
  beforeAll(async () => {
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(import.meta.dirname, 'changed-workflows.ts'),
      logger: new DefaultLogger('ERROR'),
    });
    writeFileSync(codePath, code);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('is found out', async () => {
    const replay = Worker.runReplayHistory({ workflowBundle: { codePath } }, load('crawl-of-one-database'));
    await expect(replay).rejects.toBeInstanceOf(DeterminismViolationError);
  });
});
