import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { BUNDLE_NAME } from './workflow-bundle.js';

/**
 * Bundles the workflows for a built worker, with the very SDK it will run with. Run after the compiler:
 * `node dist/worker/build-bundle.js` writes beside the folder it is in, `tsx worker/build-bundle.ts dist` into `dist`.
 */
const root = join(import.meta.dirname, '..');
const target = process.argv[2] === undefined ? root : resolve(process.argv[2]);
const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js';
const { code } = await bundleWorkflowCode({
  workflowsPath: join(root, 'workflows', `index.${extension}`),
  logger: new DefaultLogger('WARN'),
});
await writeFile(join(target, BUNDLE_NAME), code);
