import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/servers/start-all.ts'],
    pool: 'forks',
    // One more than cores on the machines that we know: much of a test is waiting for a server.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A poll ends as soon as its condition holds; a second would be short on a machine that is busy.
    expect: { poll: { timeout: 15_000 } },
  },
});
