import { BlockList } from 'node:net';
import { ConnectorError } from '../connectors/contract.js';
import { resolveSource, type SourceAddress } from '../connectors/reach.js';
import { ModelFailure } from './failures.js';

const inside = new BlockList();
for (const [net, bits] of [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  inside.addSubnet(net, bits, 'ipv4');
inside.addAddress('::1', 'ipv6');
inside.addSubnet('fc00::', 7, 'ipv6');

/** Where chat completions are asked for, below the address that was configured: with or without `/v1`, or the whole of it. */
export function completionsUrl(base: string): URL {
  const url = new URL(base);
  const path = url.pathname.replace(/\/+$/, '').replace(/\/chat\/completions$/, '');
  url.pathname = `${path === '' ? '/v1' : path}/chat/completions`;
  return url;
}

/**
 * The address to connect to, looked up once: a name that answers differently the next time leads nowhere else. Link-local
 * and metadata addresses are refused as for data sources; local networks, where many models run, where
 * `DATAMAP_AI_REFUSE_PRIVATE=true` says so.
 * @throws ModelFailure, or the signal's reason
 */
export async function addressOf(url: URL, signal: AbortSignal): Promise<SourceAddress> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const found = await resolveSource(host, { signal }).catch((error: unknown) => {
    if (!(error instanceof ConnectorError)) throw error;
    if (error.code === 'ADDRESS_REFUSED')
      throw refused(host, 'link-local, metadata and multicast addresses are refused');
    throw new ModelFailure(
      'MODEL_UNKNOWN_HOST',
      `There is no host named ${host}, or the resolver of the worker cannot say`,
      'Correct the address of the model, or see that the workers can resolve it. It is tried again.',
      { kind: 'later' },
    );
  });
  const isInside = inside.check(found.address, found.family === 4 ? 'ipv4' : 'ipv6');
  if (isInside && process.env['DATAMAP_AI_REFUSE_PRIVATE'] === 'true')
    throw refused(host, 'addresses of local networks are refused by DATAMAP_AI_REFUSE_PRIVATE');
  return found;
}

function refused(host: string, why: string): ModelFailure {
  return new ModelFailure(
    'MODEL_ADDRESS_REFUSED',
    `${host} is an address that a model may not have: ${why}`,
    'Name the server of the model itself, or ask the operator of this installation to allow its network.',
    { kind: 'stop' },
  );
}
