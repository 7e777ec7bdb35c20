/**
 * The rooms of the house and the directions in which they may import (docs/architecture.md).
 * A room that is not listed as a target of another may not be imported by it.
 */
const rooms = {
  api: [
    'orchestrator',
    'catalog',
    'lineage',
    'search',
    'access',
    'db',
    'connectors/(registry|contract)\\.ts$',
    'workflows/contract.ts',
  ],
  workflows: [],
  activities: ['connectors', 'catalog', 'describe', 'lineage', 'search', 'db', 'workflows/contract.ts'],
  worker: [
    'activities',
    'catalog',
    'connectors',
    'lineage',
    'search',
    'db',
    'orchestrator/temporal-address.ts',
    'workflows/contract.ts',
  ],
  orchestrator: ['workflows/contract.ts', 'catalog', 'db'],
  connectors: ['catalog/model'],
  catalog: ['db'],
  describe: ['connectors/(contract|reach)\\.ts$', 'catalog/model'],
  lineage: ['db', 'catalog/model'],
  search: ['db', 'catalog/model'],
  access: ['db'],
  db: [],
  cli: [
    'api/schemas',
    'search/port.ts',
    'connectors/(registry|contract)\\.ts$',
    // For `up` and what it starts alone: see commands-ask-the-api.
    'access',
    'db',
    'workflows/contract.ts',
  ],
};

const all = Object.keys(rooms).join('|');

module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    {
      name: 'workflows-are-deterministic',
      comment:
        'Workflow code is bundled and replayed: it may import the workflow package, its own contract and types only.',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { pathNot: ['^workflows/', '@temporalio/(workflow|common)'], dependencyTypesNot: ['type-only'] },
    },
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `${room}-imports-downward`,
      severity: 'error',
      from: { path: `^${room}/` },
      to: {
        path: `^(${all})/`,
        pathNot: [
          `^${room}/`,
          ...allowed.map((target) => `^${target}${target.includes('.') || target.includes('/') ? '' : '/'}`),
        ],
        ...(room === 'workflows' ? { dependencyTypesNot: ['type-only'] } : {}),
      },
    })),
    {
      name: 'statements-are-read-in-processes-of-their-own',
      comment:
        'The parser takes 40 MB as soon as it is imported: of what the worker and the API load nothing may lead to it.',
      severity: 'error',
      from: { path: '^(worker/main|api/main)\\.ts$' },
      to: { path: '^lineage/sql/polyglot\\.ts$', reachable: true },
    },
    {
      name: 'commands-ask-the-api',
      comment:
        'Whatever a command shows or changes goes through the API and its permissions; `up` makes the installation that has them.',
      severity: 'error',
      from: { path: '^cli/', pathNot: '^cli/(up/|embedded/|commands/login-link\\.ts$)' },
      to: { path: '^(access|db|workflows)/' },
    },
    {
      name: 'the-wire-is-types',
      comment: 'What the API answers is known to its clients by type: they carry none of its code.',
      severity: 'error',
      from: { path: '^cli/' },
      to: { path: '^(api|search)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'product-does-not-import-tests',
      severity: 'error',
      from: { path: `^(${all})/` },
      to: { path: '^(test|bench)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|\\.datamap)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs', '.json'] },
  },
};
