import { putMember } from '../../access/members.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import type { ApiUnderTest, Caller } from './api-under-test.js';

/** Two collected databases, each of a workspace of its own, and how events name their tables. */
export interface TwoWorkspaces {
  ours: CrawledCatalog;
  theirs: CrawledCatalog;
  /** The name of one of our four tables. */
  mine(place: number): string;
  /** The name of their only table. */
  secret: string;
}

/** @param viewer becomes a viewer of ours, and sees nothing of theirs */
export async function twoWorkspaces({ database }: ApiUnderTest, viewer: Caller): Promise<TwoWorkspaces> {
  const ours = await crawledCatalog(database, new SyntheticSource(4, 1));
  const theirs = await crawledCatalog(database, new SyntheticSource(1, 1), 'secret');
  await putMember(database, ours.workspaceId, viewer.personId, 'viewer');
  await ours.crawl();
  await theirs.crawl();
  const instances = await ours.rows<{ name: string; instance: string }>(
    'SELECT name, instance FROM collected_database',
  );
  const named = (of: string) =>
    `postgres://${instances.find(({ name }) => name === of)?.instance} ${of}.area_0.orders_`;
  return { ours, theirs, mine: (place) => `${named('shop')}${place}_daily`, secret: `${named('secret')}0_daily` };
}
