import type { ApiConfig } from './config.js';

/** The time before which what was last seen is stale, on the map as it is or was then. */
export const staleSince = ({ lineageStaleDays }: ApiConfig, asOf: Date | undefined): Date =>
  new Date((asOf?.getTime() ?? Date.now()) - lineageStaleDays * 86_400_000);
