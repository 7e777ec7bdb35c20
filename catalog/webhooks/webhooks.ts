import { randomBytes, randomUUID } from 'node:crypto';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NameTaken, NotFound, VersionConflict } from '../../db/refusals.js';
import { isForeignKeyViolation, isUniqueViolation } from '../../db/violations.js';
import { sealSecrets } from '../sources/seal-secrets.js';
import { type Webhook, type WebhookEvent, WebhookUrlRefused } from './webhook.js';

const SELECT = `
  SELECT w.id, w.workspace_id AS "workspaceId", w.name, w.url, w.events, w.crawler_id AS "crawlerId", w.enabled,
         w.disabled_because AS "disabledBecause", w.version, w.created_at AS "createdAt", w.updated_at AS "updatedAt",
         (SELECT count(*)::int FROM webhook_delivery d WHERE d.webhook_id = w.id AND d.status = 'waiting') AS waiting
    FROM webhook w`;

interface Fields {
  name: string;
  url: string;
  events: readonly WebhookEvent[];
  crawlerId: string | null;
  enabled: boolean;
}

/**
 * Makes a webhook. The secret signs what is sent and is shown this once.
 * @throws NameTaken, WebhookUrlRefused; NotFound for the crawler
 */
export async function createWebhook(
  database: Database,
  secretKey: Buffer,
  webhook: Omit<Fields, 'enabled'> & { workspaceId: string; createdBy: string },
): Promise<{ webhook: Webhook; secret: string }> {
  checkUrl(webhook.url);
  const id = randomUUID();
  const secret = newSecret();
  await orRefuse(webhook, async () => {
    await requireCrawler(database, webhook.crawlerId, webhook.workspaceId);
    await query(
      database,
      `INSERT INTO webhook (id, workspace_id, name, url, events, crawler_id, secret, created_by)
       VALUES (:id, :workspaceId, :name, :url, :events, :crawlerId, :sealed, :createdBy)`,
      { ...webhook, events: [...webhook.events], id, sealed: seal(secretKey, id, secret) },
    );
  });
  return { webhook: await getWebhook(database, id), secret };
}

/** All of these workspaces, by name; there are few, so there are no pages. */
export async function listWebhooks(database: Database, workspaces: string[] | 'everything'): Promise<Webhook[]> {
  const [condition, values] =
    workspaces === 'everything'
      ? ['w.workspace_id IS NOT NULL', []]
      : ['w.workspace_id = ANY (?::uuid[])', [workspaces]];
  return query<Webhook>(database, `${SELECT} WHERE ${condition} ORDER BY w.name, w.id LIMIT 1000`, values);
}

/** @throws NotFound */
export async function getWebhook(database: Database, id: string): Promise<Webhook> {
  const [webhook] = await query<Webhook>(database, `${SELECT} WHERE w.id = ? AND w.workspace_id IS NOT NULL`, [id]);
  if (webhook === undefined) throw new NotFound('webhook', id);
  return webhook;
}

/** Changes what is given. Turned on again, it goes on with what waited. @throws as createWebhook; VersionConflict */
export async function updateWebhook(
  database: Database,
  id: string,
  change: Partial<Fields> & { version: number },
): Promise<Webhook> {
  const current = await getWebhook(database, id);
  const next = { ...current, ...change };
  checkUrl(next.url);
  const updated = await orRefuse(next, async () => {
    await requireCrawler(database, next.crawlerId, current.workspaceId);
    return query(
      database,
      `UPDATE webhook
          SET name = :name, url = :url, events = :events, crawler_id = :crawlerId, enabled = :enabled,
              disabled_because = CASE WHEN :enabled::boolean THEN NULL ELSE disabled_because END,
              updated_at = now(), version = version + 1
        WHERE id = :id AND version = :version
        RETURNING id`,
      {
        id,
        version: change.version,
        name: next.name,
        url: next.url,
        events: [...next.events],
        crawlerId: next.crawlerId,
        enabled: next.enabled,
      },
    );
  });
  const after = await getWebhook(database, id);
  if (updated.length === 0) throw new VersionConflict('webhook', id, after.version);
  return after;
}

/** Gives it another secret, which signs from the next message on. @throws NotFound */
export async function renewSecret(database: Database, secretKey: Buffer, id: string): Promise<string> {
  const secret = newSecret();
  const changed = await query(
    database,
    `UPDATE webhook SET secret = ?, updated_at = now(), version = version + 1 WHERE id = ? RETURNING id`,
    [seal(secretKey, id, secret), id],
  );
  if (changed.length === 0) throw new NotFound('webhook', id);
  return secret;
}

/** @throws NotFound */
export async function deleteWebhook(database: Database, id: string): Promise<void> {
  const deleted = await query(database, 'DELETE FROM webhook WHERE id = ? RETURNING id', [id]);
  if (deleted.length === 0) throw new NotFound('webhook', id);
}

/** Turns one off that cannot be told anything, with the cause. What waits for it stays. */
export async function turnOff(
  database: Database,
  id: string,
  because: { code: string; message: string; remedy?: string },
): Promise<void> {
  await query(
    database,
    `UPDATE webhook SET enabled = false, disabled_because = ?, updated_at = now(), version = version + 1 WHERE id = ?`,
    [JSON.stringify(because), id],
  );
}

/** In the form that verifiers of the Standard Webhooks specification take. */
const newSecret = (): string => `whsec_${randomBytes(24).toString('base64')}`;

const seal = (key: Buffer, id: string, secret: string): Buffer => sealSecrets(key, id, { signing: secret });

function checkUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new WebhookUrlRefused(`${text} is no web address`);
  if (url.username !== '' || url.password !== '')
    throw new WebhookUrlRefused('The address of a webhook may not hold a user or a password');
}

async function requireCrawler(database: Database, crawlerId: string | null, workspaceId: string): Promise<void> {
  if (crawlerId === null) return;
  const found = await query(database, 'SELECT 1 FROM crawler WHERE id = ? AND workspace_id = ?', [
    crawlerId,
    workspaceId,
  ]);
  if (found.length === 0) throw new NotFound('crawler', crawlerId);
}

async function orRefuse<T>(
  { name, crawlerId }: Pick<Fields, 'name' | 'crawlerId'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUniqueViolation(error)) throw new NameTaken('webhook', name);
    // Deleted in the meantime.
    if (isForeignKeyViolation(error) && crawlerId !== null) throw new NotFound('crawler', crawlerId);
    throw error;
  }
}
