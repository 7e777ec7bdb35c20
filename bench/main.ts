import { Command } from 'commander';
import { benchApiLoad } from './api-load.js';
import { benchCrawl } from './crawl.js';
import { benchDelete } from './delete.js';
import { benchDrain } from './drain.js';
import { benchFleet } from './fleet.js';
import { benchLineage } from './lineage.js';
import { benchLineageSql } from './lineage-sql.js';
import { benchOpenLineage } from './openlineage.js';
import { benchRelevance } from './relevance.js';
import { benchSuggestions } from './suggestions.js';
import { benchTemporalCost } from './temporal-cost.js';

const program = new Command('bench').description(
  'Measures Datamap against its limits, in the same run on the same machine.',
);

program
  .command('crawl')
  .description('a source crawled cold, unchanged and with one table in a hundred changed, beside the reference crawler')
  .option('--tables <n>', 'relations of 20 columns in the source', Number, 10_000)
  .option('--source <type>', 'postgresql or mysql', 'postgresql')
  .option('--repeats <n>', 'cold crawls to take the median of', Number, 3)
  .option('--quick', 'the smallest size, once')
  .action(async (options: { tables: number; source: string; repeats: number; quick?: boolean }) => {
    const { tables, repeats } = options.quick === true ? { tables: 1_000, repeats: 1 } : options;
    await benchCrawl({ tables, repeats, source: options.source === 'mysql' ? 'mysql' : 'postgresql' });
  });

program
  .command('fleet')
  .description('many crawlers due in the same minute on one worker of four slots')
  .option('--schedules <n>', 'crawlers with a schedule', Number, 1_000)
  .option('--due <n>', 'of them, how many are due at once', Number, 200)
  .option('--kill', 'kill the worker once on the way')
  .option('--quick', 'the smallest size')
  .action(async ({ quick, kill, ...sizes }: { schedules: number; due: number; kill?: boolean; quick?: boolean }) => {
    const { schedules, due } = quick === true ? { schedules: 20, due: 20 } : sizes;
    await benchFleet({ schedules: Math.max(schedules, due), due, kill: kill === true });
  });

program
  .command('temporal-cost')
  .description('what a run leaves in Temporal, for sources of growing size')
  .option('--quick', 'the two smallest sizes')
  .action(async ({ quick }: { quick?: boolean }) => {
    await benchTemporalCost({ sizes: quick === true ? [0, 100] : [0, 100, 10_000] });
  });

program
  .command('relevance')
  .description('how often the right table of the sample schemas is among the first hits, by kind of query')
  .option('--misses', 'also list the queries whose right tables are not all among the first three')
  .action(async ({ misses }: { misses?: boolean }) => {
    await benchRelevance({ misses: misses === true });
  });

program
  .command('suggestions')
  .description('people who type at once, in an index of many documents of which each may see some')
  .option('--documents <n>', 'tables in the index', Number, 1_000_000)
  .option('--users <n>', 'people who type at once', Number, 20)
  .option('--engine <name>', 'postgresql, or meilisearch (MEILI_URL)', 'postgresql')
  .option(
    '--keep <directory>',
    'where the filled index of PostgreSQL stays and is found by the next run; of Meilisearch, which keeps it itself, anything',
  )
  .option('--only-typing', 'without searches of other kinds')
  .option('--quick', 'the smallest size')
  .action(
    async (options: {
      documents: number;
      users: number;
      engine: string;
      keep?: string;
      onlyTyping?: boolean;
      quick?: boolean;
    }) => {
      await benchSuggestions({
        documents: options.quick === true ? 20_000 : options.documents,
        users: options.users,
        engine: options.engine === 'meilisearch' ? 'meilisearch' : 'postgresql',
        keep: options.keep,
        onlyTyping: options.onlyTyping === true,
      });
    },
  );

program
  .command('drain')
  .description('tables that come into an index of many documents, change there and leave it')
  .option('--documents <n>', 'tables in the index', Number, 1_000_000)
  .option('--tables <n>', 'tables that come, change and leave', Number, 10_000)
  .option('--quick', 'the smallest size')
  .action(async ({ quick, ...sizes }: { documents: number; tables: number; quick?: boolean }) => {
    await benchDrain(quick === true ? { documents: 20_000, tables: 2_000 } : sizes);
  });

program
  .command('delete')
  .description('a scope narrowed by a large database, and a crawler with another deleted, while others read')
  .option('--tables <n>', 'relations of each of the two, a multiple of 1,000', Number, 100_000)
  .option('--quick', 'the smallest size')
  .action(async ({ quick, tables }: { quick?: boolean; tables: number }) => {
    await benchDelete({ tables: quick === true ? 3_000 : tables });
  });

program
  .command('openlineage')
  .description('events of OpenLineage sent one by one at a rate, until all are on the map')
  .option('--rate <n>', 'events a second', Number, 500)
  .option('--seconds <n>', 'how long', Number, 60)
  .option('--quick', 'ten seconds')
  .action(async ({ quick, rate, seconds }: { rate: number; seconds: number; quick?: boolean }) => {
    await benchOpenLineage({ rate, seconds: quick === true ? 10 : seconds });
  });

program
  .command('api')
  .description('the API asked for tables and pages of a list on many connections, by people who see different parts')
  .option('--tables <n>', 'tables of the database that is asked about', Number, 1_000_000)
  .option('--connections <n>', 'how many ask at once', Number, 50)
  .option('--seconds <n>', 'how long each question is asked in each mode', Number, 20)
  .option('--quick', 'the smallest size')
  .action(async ({ quick, ...sizes }: { quick?: boolean; tables: number; connections: number; seconds: number }) => {
    await benchApiLoad(quick === true ? { tables: 10_000, connections: 50, seconds: 5 } : sizes);
  });

program
  .command('lineage')
  .description(
    'lineage read around tables, along columns, as ways and as impact, and written, in a graph with hubs and cycles',
  )
  .option('--tables <n>', 'tables', Number, 200_000)
  .option('--edges <n>', 'edges among them, about', Number, 1_000_000)
  .option('--questions <n>', 'questions of each kind', Number, 200)
  .option('--quick', 'the smallest size')
  .action(async ({ quick, ...sizes }: { quick?: boolean; tables: number; edges: number; questions: number }) => {
    await benchLineage(
      quick === true
        ? { tables: 20_000, edges: 100_000, questions: 50, edgesWritten: 10_000 }
        : { ...sizes, edgesWritten: 100_000 },
    );
  });

program
  .command('lineage-sql')
  .description('statements of many shapes read by one process of the reader, at the level of tables and with columns')
  .option('--statements <n>', 'statements', Number, 6_000)
  .option('--quick', 'the smallest size')
  .action(async ({ quick, statements }: { quick?: boolean; statements: number }) => {
    await benchLineageSql({ statements: quick === true ? 600 : statements });
  });

await program.parseAsync();
