import type { Actor } from '../../access/actor.js';
import { audit } from '../../access/audit.js';
import { authorise } from '../../access/authorise.js';
import { visiblePredicate } from '../../access/visibility.js';
import { requireVisible } from '../../catalog/entities/entity.js';
import { CONTENT_RULES } from '../../catalog/preview/content-rules.js';
import { NAME_RULES } from '../../catalog/preview/name-rules.js';
import { endPreview, getPreview, noteRead, type Preview, SHOWN_LENGTH } from '../../catalog/preview/previews.js';
import { openRows, type PreviewResult } from '../../catalog/preview/seal-rows.js';
import type { ApiContext } from '../context.js';
import { Problem } from '../problems.js';
import { onWorkspaceOf, type Route, route, signedIn, visible } from '../route.js';
import { decimalParams, uuidParams } from '../schemas/lists.js';
import {
  newPreviewSchema,
  previewQuery,
  previewRulesSchema,
  previewSchema,
  previewStartedSchema,
} from '../schemas/previews.js';
import { pause } from '../server-sent-events.js';
import { findPreviewTarget, startPreview } from '../start-preview.js';

const tag = 'Map';
const POLL_MS = 100;

export const previewRoutes: Route[] = [
  route({
    method: 'post',
    path: '/entities/:id/preview',
    tag,
    summary: 'Ask for a few rows of a table',
    description:
      "A worker of the crawler's resource group reads them, with a time limit of 10 s, masks what is personal or secret, " +
      'and leaves the rest sealed for ten minutes. Read them by the id of the answer.',
    access: onWorkspaceOf('data.preview', 'entity', findPreviewTarget),
    audit: 'preview.request',
    params: decimalParams,
    body: newPreviewSchema,
    idempotent: true,
    reply: { status: 202, description: 'The rows are on their way.', body: previewStartedSchema },
    problems: ['NOT_A_TABLE', 'TABLE_REMOVED', 'QUIET_HOURS', 'RESOURCE_GROUP_WITHOUT_WORKER', 'TEMPORAL_UNAVAILABLE'],
    handle: async (context, { actor, target, body }) => {
      const id = await startPreview(context, target, actor, body);
      return { body: { id }, headers: { Location: `/api/v1/previews/${id}` } };
    },
  }),
  route({
    method: 'get',
    path: '/previews/:id',
    tag,
    summary: 'Read the rows that you asked for',
    description:
      'Only who asked for them may, and only while the permission `data.preview` lasts. Ten minutes after they were read ' +
      'nothing is left of them. The record of deeds keeps that you read them: columns and number of rows, no value.',
    access: visible,
    params: uuidParams,
    query: previewQuery,
    reply: {
      status: 200,
      description: 'The rows, or how far it has come, or why there are none.',
      body: previewSchema,
    },
    handle: async (context, { actor, params, query: { wait }, request }) => {
      const closed = new AbortController();
      request.once('close', () => closed.abort());
      let preview = await findPreview(context, params.id, actor);
      for (const end = performance.now() + wait * 1_000; isOpen(preview); ) {
        if (performance.now() >= end || closed.signal.aborted) break;
        await pause(POLL_MS, closed.signal);
        preview = await findPreview(context, params.id, actor);
      }
      return { body: { ...preview, ...(await rowsOf(context, preview, actor)) } };
    },
  }),
  route({
    method: 'post',
    path: '/previews/:id/cancel',
    tag,
    summary: 'Cancel a preview',
    description: 'The statement at the source is ended. One that has ended stays as it is.',
    access: visible,
    audit: 'preview.cancel',
    params: uuidParams,
    reply: {
      status: 200,
      description: 'The preview as it stands; it is cancelled within seconds.',
      body: previewSchema,
    },
    problems: ['TEMPORAL_UNAVAILABLE'],
    handle: async (context, { actor, params }) => {
      await findPreview(context, params.id, actor);
      const asked = await context.orchestrator.cancelPreview(params.id);
      // Its workflow is gone without an ending: nobody else will write one.
      if (!asked) await endPreview(context.database, params.id, { status: 'cancelled' });
      return { body: await findPreview(context, params.id, actor) };
    },
  }),
  route({
    method: 'get',
    path: '/preview-rules',
    tag,
    summary: 'List what is masked in previews',
    access: signedIn,
    reply: { status: 200, description: 'Rules by name come before those by content.', body: previewRulesSchema },
    handle: async () => ({
      body: {
        items: [
          ...NAME_RULES.map(({ id, finds, description }) => ({
            id,
            by: 'name' as const,
            finds,
            description,
            wholeColumn: 'when the name has one of these words, and the type is neither a date nor a boolean',
          })),
          ...CONTENT_RULES.map(({ id, finds, description, certain }) => ({
            id,
            by: 'content' as const,
            finds,
            description,
            wholeColumn: certain
              ? 'when one value is nothing but that'
              : 'when half of the values are nothing but that; else those values are masked where it stands',
          })),
        ],
      },
    }),
  }),
];

const isOpen = ({ status }: Preview): boolean => status === 'queued' || status === 'running';

/** One that the actor asked for, and may still see: the right may have been withdrawn since. */
async function findPreview({ database }: ApiContext, id: string, actor: Actor): Promise<Preview> {
  const preview = await getPreview(database, id, actor.personId).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'NOT_FOUND') throw noPreview();
    throw error;
  });
  await requireVisible(database, preview.entityId, visiblePredicate(actor));
  authorise(actor, 'data.preview', preview.workspaceId);
  return preview;
}

function noPreview(): Problem {
  return new Problem('NOT_FOUND', 'There is no such preview of yours, or it has expired.', {
    remedy: 'Ask for a new one: rows are kept for ten minutes, for who asked for them.',
  });
}

async function rowsOf({ database, secretKey, log }: ApiContext, preview: Preview, actor: Actor) {
  const { id, entityId, workspaceId, sealed } = preview;
  if (sealed === null) return {};
  let result: PreviewResult;
  try {
    result = openRows(secretKey, id, sealed);
  } catch (err) {
    log.error({ err, previewId: id }, 'A preview could not be opened');
    throw new Problem('SECRET_UNAVAILABLE', 'The rows were sealed under another key than this process has.', {
      remedy: 'Start API and workers with the same DATAMAP_SECRET_KEY, and ask again.',
    });
  }
  const { columns, rows, refused, more } = result;
  // Before the rows leave: what could not be recorded is not shown.
  await noteRead(database, id, (transaction) =>
    audit(transaction, {
      personId: actor.personId,
      action: 'preview.read',
      objectKind: 'entity',
      objectId: entityId,
      workspaceId,
      detail: {
        previewId: id,
        columns: columns.map(({ name }) => name),
        rows: rows.length,
        masked: columns.flatMap(({ name, masked }) => (masked === null ? [] : [name])),
      },
    }),
  );
  return { columns, rows, refusedColumns: refused, moreColumns: more, valueLength: SHOWN_LENGTH };
}
