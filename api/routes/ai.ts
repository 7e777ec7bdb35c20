import { randomUUID } from 'node:crypto';
import { ModelNotConfigured } from '../../catalog/describing/errors.js';
import { type ModelSettings, readModelSettings, updateModelSettings } from '../../catalog/describing/model-settings.js';
import {
  beginAgain,
  beginTrial,
  readModelState,
  setModelPaused,
  stateOfModel,
  type Trial,
} from '../../catalog/describing/model-state.js';
import { askOutdatedAgain, countOutdated } from '../../catalog/describing/outdated.js';
import { hasWork, queueLength } from '../../catalog/describing/queue.js';
import { usageOfToday } from '../../catalog/describing/usage.js';
import { beginDescribing } from '../begin-describing.js';
import type { ApiContext } from '../context.js';
import { onTenant, onTenantThing, type Route, route, signedIn } from '../route.js';
import {
  aiProviderSchema,
  aiSettingsPatchSchema,
  aiSettingsSchema,
  aiStatusSchema,
  askOutdatedSchema,
  emptySchema,
  outdatedQuery,
  outdatedSchema,
  trialSchema,
} from '../schemas/ai.js';

const tag = 'AI descriptions';
/** How long a trial is waited for, in milliseconds; its row tells the rest. */
const TRIAL_WAIT = 45_000;
/** A trial that has waited for longer than any may is told as lost. */
const TRIAL_LOST = 180_000;

const find = ({ database }: ApiContext) => readModelSettings(database);

export const aiRoutes: Route[] = [
  route({
    method: 'get',
    path: '/ai/provider',
    tag,
    summary: 'Read which model suggests descriptions, and what it is told',
    access: signedIn,
    reply: { status: 200, description: 'The model, without what only admins see.', body: aiProviderSchema },
    handle: async ({ database }) => {
      const { url, model, enabled, language } = await readModelSettings(database);
      return {
        body: {
          available: enabled,
          model,
          host: url === null ? null : new URL(url).host,
          language,
          sends: ['names', 'types', 'keys', 'comments'],
          neverSends: ['rows', 'defaults', 'texts of views'],
        },
      };
    },
  }),
  route({
    method: 'get',
    path: '/ai/settings',
    tag,
    summary: 'Read the settings of the model',
    access: onTenantThing('ai.manage', 'model', find),
    reply: { status: 200, description: 'The settings, without the key.', body: aiSettingsSchema },
    handle: async (_context, { target }) => settings(target),
  }),
  route({
    method: 'patch',
    path: '/ai/settings',
    tag,
    summary: 'Configure the model, switch it on or off',
    description:
      'Any endpoint that speaks the chat completions API of OpenAI, also a local one. Off until a url and a model are given and ' +
      '`enabled` is true; then tables of crawlers with `aiDescriptions` are described after their runs. A change also lets work ' +
      'go on that was stopped or waited.',
    access: onTenantThing('ai.manage', 'model', find),
    audit: 'ai.configure',
    body: aiSettingsPatchSchema,
    edits: (_context, { target }) => target,
    reply: { status: 200, description: 'The settings as they are now.', body: aiSettingsSchema },
    problems: ['MODEL_URL_REFUSED', 'KEY_OF_OTHER_ADDRESS', 'MODEL_NOT_CONFIGURED'],
    handle: async (context, { body, target }) => {
      const after = await updateModelSettings(context.database, context.secretKey, {
        ...body,
        version: target.version,
      });
      if (after.enabled) await beginDescribing(context);
      return settings(after);
    },
  }),
  route({
    method: 'post',
    path: '/ai/trial',
    tag,
    summary: 'Try the model out',
    description:
      'Asks it once about a made-up table, from a worker, whether it is switched on or not. Waits for the answer; one that is ' +
      'still `waiting` after 45 seconds stands in the status when it comes.',
    access: onTenant('ai.manage'),
    audit: 'ai.trial',
    body: emptySchema,
    reply: { status: 200, description: 'What came of it.', body: trialSchema },
    problems: ['MODEL_NOT_CONFIGURED'],
    handle: async ({ database, orchestrator }) => {
      const { url, model } = await readModelSettings(database);
      if (url === null || model === null) throw new ModelNotConfigured();
      const trial: Trial = { id: randomUUID(), status: 'waiting', startedAt: new Date().toISOString(), model };
      await beginTrial(database, trial);
      await orchestrator.tryModel({ trialId: trial.id, waitMs: TRIAL_WAIT });
      const { trial: after } = await readModelState(database);
      return { body: after?.id === trial.id ? after : trial };
    },
  }),
  route({
    method: 'get',
    path: '/ai/status',
    tag,
    summary: 'Read how the describing of tables stands',
    access: onTenant('ai.manage'),
    reply: { status: 200, description: 'State, queue, the tokens of today, the last failure.', body: aiStatusSchema },
    handle: async ({ database }) => ({ body: await status(database) }),
  }),
  route({
    method: 'post',
    path: '/ai/pause',
    tag,
    summary: 'Pause the describing of tables',
    description: 'A request that is under way is finished. Runs go on queueing tables.',
    access: onTenant('ai.manage'),
    audit: 'ai.pause',
    body: emptySchema,
    reply: { status: 200, description: 'How it stands now.', body: aiStatusSchema },
    handle: async ({ database }) => {
      await setModelPaused(database, true);
      return { body: await status(database) };
    },
  }),
  route({
    method: 'post',
    path: '/ai/resume',
    tag,
    summary: 'Go on with the describing of tables',
    description:
      'After a pause, or after what had stopped it was mended. Tables that were given up are asked about again.',
    access: onTenant('ai.manage'),
    audit: 'ai.resume',
    body: emptySchema,
    reply: { status: 200, description: 'How it stands now.', body: aiStatusSchema },
    handle: async (context) => {
      await beginAgain(context.database);
      await beginDescribing(context);
      return { body: await status(context.database) };
    },
  }),
  route({
    method: 'get',
    path: '/ai/outdated-suggestions',
    tag,
    summary: 'Count what another model, language or prompt suggested than is set now',
    description:
      'Of suggestions that nobody decided on, and of answers that were refused. Asking about them anew takes about `tokens`; nothing is asked before somebody says so.',
    access: onTenant('ai.manage'),
    query: outdatedQuery,
    reply: { status: 200, description: 'How much there is.', body: outdatedSchema },
    handle: async ({ database }, { query }) => ({ body: await countOutdated(database, query.crawlerId) }),
  }),
  route({
    method: 'post',
    path: '/ai/outdated-suggestions',
    tag,
    summary: 'Have what is outdated asked about anew',
    description:
      'Each suggestion stands until the model has said something else, and can be accepted meanwhile. What a person wrote, accepted or rejected is left alone. Pace and budget are as for everything that is asked.',
    access: onTenant('ai.manage'),
    audit: 'ai.ask-outdated',
    body: askOutdatedSchema,
    reply: { status: 202, description: 'How much was queued.', body: outdatedSchema },
    handle: async (context, { body }) => {
      const queued = await askOutdatedAgain(context.database, body.crawlerId);
      await beginDescribing(context);
      return { body: queued };
    },
  }),
];

const settings = (body: ModelSettings) => ({ body, version: body.version });

async function status(database: ApiContext['database']) {
  const [state, queue, today, { tokensPerDay }, busy] = await Promise.all([
    readModelState(database),
    queueLength(database),
    usageOfToday(database),
    readModelSettings(database),
    hasWork(database),
  ]);
  return {
    state: stateOfModel(state, busy),
    queue,
    today: { ...today, tokensPerDay },
    waitsUntil: state.waitsUntil,
    stoppedBecause: state.stoppedBecause,
    lastFailure: state.lastFailure,
    trial: state.trial === null ? null : orLost(state.trial),
  };
}

function orLost(trial: Trial): Trial {
  if (trial.status !== 'waiting' || Date.now() - Date.parse(trial.startedAt) < TRIAL_LOST) return trial;
  return {
    ...trial,
    status: 'failed',
    failure: {
      code: 'TRIAL_LOST',
      message: 'No worker has said what came of it',
      remedy: 'See that a worker with the control role runs, then try again.',
    },
  };
}
