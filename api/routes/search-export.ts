import type { Response } from 'express';
import type { SearchAnswer, SearchHit, SearchIndex, SearchRequest } from '../../search/port.js';
import { csvLine } from '../csv.js';
import { type Route, route, visible } from '../route.js';
import { searchExportQuery } from '../schemas/search.js';
import { searchRequest } from '../search-request.js';

/** As far as both engines count and page. */
const MOST_ROWS = 10_000;
const PAGE = 100;

const HEADINGS = [
  'kind',
  'type',
  'qualified_name',
  'name',
  'database',
  'schema',
  'source_type',
  'data_source',
  'workspace',
  'owner',
  'comment',
  'description',
  'columns',
  'changed_at',
  'guid',
];

export const searchExportRoutes: Route[] = [
  route({
    method: 'get',
    path: '/search/export.csv',
    tag: 'Search',
    summary: 'Export what a search finds as CSV',
    description:
      'The same hits in the same order as the search, at most 10,000. Where there are more, the last line says so, and ' +
      'the header X-Datamap-Truncated is true. Values that a spreadsheet would run as a formula begin with an apostrophe.',
    access: visible,
    query: searchExportQuery,
    reply: { status: 200, description: 'A line for each hit, after one of headings.', stream: 'text/csv' },
    problems: ['SEARCH_UNAVAILABLE'],
    handle: async ({ database, searchIndex }, { actor, query, request, response }) => {
      const asked = await searchRequest(database, { ...query, facets: [], limit: PAGE }, actor);
      // Before the first byte, so that a search that cannot be had is an error and no empty file.
      const first = await searchIndex.search({ ...asked, counted: true });
      response.writeHead(200, {
        'Content-Type': 'text/csv; charset=utf-8',
        'Content-Disposition': 'attachment; filename="search.csv"',
        'Cache-Control': 'no-store',
        'X-Datamap-Truncated': String(first.total > MOST_ROWS || !first.totalIsExact),
      });
      try {
        await writeHits(searchIndex, asked, first, response);
        response.end();
      } catch (error) {
        // The status line is out: a file that is cut off must not look whole.
        request.log.error({ err: error }, 'An export of a search ended early');
        response.destroy();
      }
      return undefined;
    },
  }),
];

async function writeHits(
  index: SearchIndex,
  asked: SearchRequest,
  first: SearchAnswer,
  response: Response,
): Promise<void> {
  // With the mark by which spreadsheets know UTF-8.
  await write(response, `\ufeff${csvLine(HEADINGS)}`);
  let page: SearchAnswer | undefined = first;
  let rows = 0;
  while (page !== undefined && !response.destroyed) {
    const hits: SearchHit[] = page.hits.slice(0, MOST_ROWS - rows);
    rows += hits.length;
    await write(response, hits.map(lineOf).join(''));
    const cursor: string | undefined = page.nextCursor;
    if (cursor === undefined) return;
    if (rows >= MOST_ROWS) {
      const total = first.totalIsExact ? String(first.total) : `more than ${first.total}`;
      await write(response, csvLine([`Only the first ${MOST_ROWS} of ${total} hits; narrow the search for the rest.`]));
      return;
    }
    page = await index.search({ ...asked, cursor });
  }
}

function lineOf({ document }: SearchHit): string {
  return csvLine([
    document.kind,
    document.type,
    document.qualifiedName,
    document.name,
    document.database,
    document.schema,
    document.sourceType,
    document.dataSourceName,
    document.workspaceName,
    document.owner,
    document.comment,
    document.description,
    document.columnNames.length,
    new Date(document.changedAt).toISOString(),
    document.guid,
  ]);
}

/** Waits where the client reads slower than hits are found. */
async function write(response: Response, text: string): Promise<void> {
  if (response.write(text)) return;
  await new Promise<void>((resolve) => {
    const go = () => {
      response.off('drain', go);
      response.off('close', go);
      resolve();
    };
    response.on('drain', go);
    response.on('close', go);
  });
}
