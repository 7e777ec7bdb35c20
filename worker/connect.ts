import { setTimeout as delay } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { TemporalAddress } from '../orchestrator/temporal-address.js';
import { MistypedAttributes, registerSearchAttributes } from './search-attributes.js';

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;

/**
 * Connects to Temporal and makes its namespace ready for us, for as long as it takes: the SDK itself gives up at once,
 * and a worker that ends because its server starts a little later is of no use. One log line for each attempt.
 * @throws what the signal says when it aborts; MistypedAttributes
 */
export async function connectToTemporal(
  { connection, namespace }: TemporalAddress,
  log: Logger,
  signal: AbortSignal,
): Promise<NativeConnection> {
  for (let attempt = 1, wait = FIRST_WAIT; ; attempt += 1, wait = Math.min(wait * 2, LONGEST_WAIT)) {
    signal.throwIfAborted();
    let connected: NativeConnection | undefined;
    try {
      connected = await NativeConnection.connect(connection);
      const registered = await registerSearchAttributes(connected, namespace);
      log.info({ address: connection.address, namespace, attempt, registered }, 'Connected to Temporal');
      return connected;
    } catch (error) {
      await connected?.close();
      if (error instanceof MistypedAttributes) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      log.warn(
        { address: connection.address, namespace, attempt, nextInMs: wait, reason },
        'Temporal is not ready for us yet; trying again',
      );
      await delay(wait, undefined, { signal });
    }
  }
}
