type Grammar = typeof import('libpg-query');

/** PostgreSQL's grammar was asked before `grammarReady` had ended. */
export class GrammarNotReady extends Error {}

let loaded: Grammar | undefined;

/** Brings PostgreSQL's own grammar into memory, where it takes 10 MB: it is for who needs it, when they do. */
export async function grammarReady(): Promise<void> {
  const grammar = await import('libpg-query');
  await grammar.loadModule();
  loaded = grammar;
}

/** PostgreSQL's own grammar. @throws GrammarNotReady */
export function grammar(): Grammar {
  if (loaded === undefined) throw new GrammarNotReady('The grammar of PostgreSQL is not loaded');
  return loaded;
}
