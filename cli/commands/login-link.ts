import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import { printJson, printLine } from '../terminal/output.js';

interface LoginLinkOptions {
  email: string;
  json?: boolean;
}

/** For whoever runs the installation: it needs the database, not an account. */
export function loginLinkCommand(program: Command): void {
  program
    .command('login-link')
    .description("print a link that signs the installation's administrator in once; needs DATABASE_URL")
    .option('--email <email>', 'address of the administrator, when there is none yet', 'admin@localhost')
    .option('--json', 'answer in JSON')
    .action(loginLink);
}

async function loginLink(options: LoginLinkOptions): Promise<void> {
  const url = process.env['DATABASE_URL'];
  if (url === undefined || url === '')
    throw new UsageError(
      'DATABASE_URL is not set.',
      'Run it where the API runs: docker compose exec api datamap login-link',
    );
  const [{ ensureFirstAdmin }, { createLoginLink }, { openDatabase }] = await Promise.all([
    import('../../access/first-admin.js'),
    import('../../access/login-links.js'),
    import('../../db/database.js'),
  ]);
  const database = openDatabase(url, { max: 1, name: 'datamap-login-link' });
  try {
    const { personId } = await ensureFirstAdmin(database, { email: options.email, name: 'Administrator' });
    const { secret, expiresAt } = await createLoginLink(database, personId);
    const base = process.env['DATAMAP_PUBLIC_URL'] ?? 'http://localhost:8080';
    const link = `${base.replace(/\/+$/, '')}/login#${secret}`;
    if (options.json === true) printJson({ link, expiresAt });
    else printLine(`${link}\nIt works once, until ${expiresAt.toISOString()}.`);
  } finally {
    await database.destroy();
  }
}
