import { randomBytes } from 'node:crypto';
import { hostname, networkInterfaces } from 'node:os';
import type { ActivityContext } from '../activities/context.js';

/**
 * Who this process is. The addresses are those its host has on networks, for people who must let it through a
 * firewall; behind address translation a source sees another one.
 */
export function workerIdentity(): ActivityContext['worker'] {
  const host = hostname();
  const addresses = Object.values(networkInterfaces())
    .flatMap((interfaces) => interfaces ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address);
  return { id: `${host}:${process.pid}:${randomBytes(3).toString('hex')}`, host, addresses: [...new Set(addresses)] };
}
