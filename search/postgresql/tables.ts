/** Names of the tables of one copy of the index: the one that answers, or the one a rebuild fills beside it. */
export interface Tables {
  group: string;
  audience: string;
  document: string;
  term: string;
  name: string;
}

/** The copy that answers searches. */
export const LIVE: Tables = {
  group: 'search_group',
  audience: 'search_audience',
  document: 'search_document',
  term: 'search_term',
  name: 'search_name',
};

/** The copy that a rebuild fills. */
export const NEXT: Tables = {
  group: 'search_group_next',
  audience: 'search_audience_next',
  document: 'search_document_next',
  term: 'search_term_next',
  name: 'search_name_next',
};
