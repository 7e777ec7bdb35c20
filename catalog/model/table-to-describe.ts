/** Of what a model is asked (`describe/prompt.ts`); to be raised with each change after which it would say something else. */
export const PROMPT_VERSION = 1;

/**
 * What a language model is told of a table that it is to describe: names, types, keys and comments. Never rows, defaults,
 * conditions or the text of a view, which can hold values.
 */
export interface TableToDescribe {
  sourceType: string;
  database: string;
  schema: string | null;
  name: string;
  type: string;
  comment: string | null;
  primaryKey: string[];
  /** Those within its database. */
  foreignKeys: { columns: string[]; references: string }[];
  columns: ColumnToDescribe[];
}

export interface ColumnToDescribe {
  name: string;
  type: string;
  comment: string | null;
}

/** What a model said of one object: of the table itself where the column is empty. */
export interface SuggestedText {
  column: string;
  description: string;
  confidence: 'high' | 'medium' | 'low' | null;
}
