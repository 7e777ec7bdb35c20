import { Command } from 'commander';
import { benchCrawl } from './crawl.js';

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

await program.parseAsync();
