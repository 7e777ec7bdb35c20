import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Beside the built worker's folder; written by `npm run build`. */
export const BUNDLE_NAME = 'workflow-bundle.js';

/**
 * Where the workflows are: bundled at build time for a built worker, the sources for one that runs from sources. A
 * bundle left by an earlier build is never taken for the sources at hand.
 */
export function workflowCode(): { workflowBundle: { codePath: string } } | { workflowsPath: string } {
  const root = join(import.meta.dirname, '..');
  const codePath = join(root, BUNDLE_NAME);
  if (!import.meta.filename.endsWith('.ts') && existsSync(codePath)) return { workflowBundle: { codePath } };
  const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js';
  return { workflowsPath: join(root, 'workflows', `index.${extension}`) };
}
