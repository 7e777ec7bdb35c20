/**
 * What keeps a worker small, whatever the size of the database it collects. Pages live for a second and are megabytes:
 * left alone, V8 lets a heap grow to twice what lives in it before it looks, and glibc keeps an arena of freed memory for
 * each of Node's and the Temporal core's many threads.
 */
const SETTINGS = {
  arenas: '2',
  /** MB. A unit of 100,000 tables needs far less; the rest is room for several at once and for tables of 1,600 columns. */
  node: ['--max-semi-space-size=2', '--max-old-space-size=384'],
};

/** The environment of a worker's process. What the user set comes last and so wins. */
export function workerEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = env['NODE_OPTIONS'];
  return {
    MALLOC_ARENA_MAX: SETTINGS.arenas,
    ...env,
    NODE_OPTIONS: [...SETTINGS.node, ...(own === undefined || own === '' ? [] : [own])].join(' '),
  };
}
