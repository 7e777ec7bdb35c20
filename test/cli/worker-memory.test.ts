import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { workerEnvironment } from '../../cli/up/worker-memory.js';

test('a worker gets limits on its memory, and what the user set wins', () => {
  expect(workerEnvironment({})).toEqual({
    MALLOC_ARENA_MAX: '2',
    NODE_OPTIONS: '--max-semi-space-size=2 --max-old-space-size=384',
  });
  const own = workerEnvironment({ MALLOC_ARENA_MAX: '8', NODE_OPTIONS: '--max-old-space-size=2048', PORT: '1' });
  expect(own).toEqual({
    MALLOC_ARENA_MAX: '8',
    NODE_OPTIONS: '--max-semi-space-size=2 --max-old-space-size=384 --max-old-space-size=2048',
    PORT: '1',
  });
});

test('a worker in a container gets the same limits', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8');
  for (const [name, value] of Object.entries(workerEnvironment({})))
    expect(dockerfile).toMatch(new RegExp(`${name}="?${value}"? `));
});
