import { ensureFirstAdmin } from '../../access/first-admin.js';
import { createLoginLink } from '../../access/login-links.js';
import { createToken, listTokens, revokeToken } from '../../access/tokens.js';
import { openDatabase } from '../../db/database.js';

/** What lets the person at this terminal in. */
export interface LocalAdmin {
  /** Of the commands that run beside this instance. */
  token: string;
  /** The secret of a login link: once, within 15 minutes. */
  link: string;
}

const TOKEN_NAME = 'Command line beside npm start';

/**
 * Makes the installation's first administrator when there is none, and a token and a login link of theirs. The token of
 * the start before is taken back: it is in a file that may have been copied.
 */
export async function ensureLocalAdmin(databaseUrl: string): Promise<LocalAdmin> {
  const database = openDatabase(databaseUrl, { max: 2, name: 'datamap-up' });
  try {
    const { personId } = await ensureFirstAdmin(database, { email: 'admin@localhost', name: 'Administrator' });
    for (const token of await listTokens(database, personId))
      if (token.name === TOKEN_NAME) await revokeToken(database, personId, token.id);
    const { token } = await createToken(database, personId, { name: TOKEN_NAME });
    const { secret } = await createLoginLink(database, personId);
    return { token, link: secret };
  } finally {
    await database.destroy();
  }
}
