import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { NameTaken, NotFound } from '../db/refusals.js';
import { isUniqueViolation } from '../db/violations.js';
import { LastAdmin } from './errors.js';
import { hashPassword } from './passwords.js';
import type { TenantRole } from './permissions.js';

export interface Person {
  id: string;
  email: string;
  name: string;
  tenantRole: TenantRole;
  /** False for who can only get in by a login link. */
  hasPassword: boolean;
  disabledAt: Date | null;
  createdAt: Date;
}

const COLUMNS = `id, email, name, tenant_role AS "tenantRole", password_hash IS NOT NULL AS "hasPassword",
  disabled_at AS "disabledAt", created_at AS "createdAt"`;

/** @throws NameTaken when somebody has that e-mail address; PasswordRefused */
export async function createPerson(
  database: Database,
  person: { email: string; name: string; tenantRole?: TenantRole; password?: string },
): Promise<Person> {
  const email = person.email.trim().toLowerCase();
  const hash = person.password === undefined ? null : await hashPassword(person.password);
  const [row] = await query<Person>(
    database,
    `INSERT INTO person (email, name, tenant_role, password_hash)
     VALUES (:email, :name, :role, :hash)
     ON CONFLICT ON CONSTRAINT person_email_unique DO NOTHING
     RETURNING ${COLUMNS}`,
    { email, name: person.name, role: person.tenantRole ?? 'member', hash },
  );
  if (row === undefined) throw new NameTaken('person', email);
  return row;
}

/** @throws NotFound */
export async function getPerson(database: Database, id: string): Promise<Person> {
  const [person] = await query<Person>(database, `SELECT ${COLUMNS} FROM person WHERE id = ?`, [id]);
  if (person === undefined) throw new NotFound('person', id);
  return person;
}

/**
 * People by e-mail address.
 * @param page.after the address of the last person of the page before
 */
export async function listPeople(database: Database, page: { after?: string; limit: number }): Promise<Person[]> {
  return query<Person>(database, `SELECT ${COLUMNS} FROM person WHERE email > :after ORDER BY email LIMIT :limit`, {
    after: page.after ?? '',
    limit: page.limit,
  });
}

/**
 * Changes what is given. Disabling somebody ends its sessions; its tokens stop working and come back with it. A new
 * password ends its sessions too.
 * @throws NotFound; NameTaken; PasswordRefused; LastAdmin when no enabled administrator would be left
 */
export async function updatePerson(
  database: Database,
  id: string,
  change: { email?: string; name?: string; tenantRole?: TenantRole; disabled?: boolean; password?: string },
): Promise<Person> {
  const hash = change.password === undefined ? null : await hashPassword(change.password);
  try {
    return await database.transaction(async (transaction) => {
      if (change.tenantRole === 'member' || change.disabled === true) await keepAnAdmin(transaction, id);
      const [person] = await query<Person>(
        transaction,
        `UPDATE person
            SET email = coalesce(:email, email),
                name = coalesce(:name, name),
                tenant_role = coalesce(:role, tenant_role),
                password_hash = coalesce(:hash, password_hash),
                disabled_at = CASE :disabled::boolean
                  WHEN true THEN coalesce(disabled_at, now())
                  WHEN false THEN NULL
                  ELSE disabled_at
                END
          WHERE id = :id
          RETURNING ${COLUMNS}`,
        {
          id,
          email: change.email?.trim().toLowerCase() ?? null,
          name: change.name ?? null,
          role: change.tenantRole ?? null,
          hash,
          disabled: change.disabled ?? null,
        },
      );
      if (person === undefined) throw new NotFound('person', id);
      if (change.name !== undefined) await findUnderNewName(transaction, id);
      if (person.disabledAt !== null || hash !== null) {
        await query(transaction, 'DELETE FROM session WHERE person_id = ?', [id]);
        await query(transaction, 'DELETE FROM login_link WHERE person_id = ?', [id]);
      }
      return person;
    });
  } catch (error) {
    if (isUniqueViolation(error, 'person_email_unique')) throw new NameTaken('person', change.email ?? '');
    throw error;
  }
}

/** Search has what somebody owns under the owner's name. */
async function findUnderNewName(transaction: Database, id: string): Promise<void> {
  await query(
    transaction,
    `INSERT INTO search_outbox (entity_id, crawler_id)
     SELECT DISTINCT e.id, d.crawler_id
       FROM annotation_owner o
       JOIN entity e ON e.id = o.entity_id
       JOIN collected_database d ON d.id = e.collected_database_id
      WHERE o.person_id = ? AND e.removed_at IS NULL`,
    [id],
  );
}

/** Locks all administrators, in one order, so that two of them cannot step down past each other. */
async function keepAnAdmin(transaction: Database, leavingId: string): Promise<void> {
  const admins = await query<{ id: string }>(
    transaction,
    `SELECT id FROM person WHERE tenant_role = 'admin' AND disabled_at IS NULL ORDER BY id FOR UPDATE`,
  );
  if (admins.length === 1 && admins[0]?.id === leavingId) throw new LastAdmin('installation');
}
