import { type LogLevel, makeTelemetryFilterString, Runtime, type Logger as TemporalLogger } from '@temporalio/worker';
import type { Logger } from 'pino';

/**
 * Installs Temporal's runtime of this process: once, and before anything else of Temporal is touched. Its log lines go
 * where ours go, and its signals are left alone: this process stops in an order of its own.
 * @param metricsAddress where its metrics are served to Prometheus, e.g. `0.0.0.0:9465`
 */
export function installRuntime(log: Logger, metricsAddress: string | undefined): void {
  Runtime.install({
    logger: forwardTo(log),
    shutdownSignals: [],
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
      ...(metricsAddress === undefined ? {} : { metrics: { prometheus: { bindAddress: metricsAddress } } }),
    },
  });
}

/** What the SDK informs of (bundles, state changes) is detail to an operator. */
const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const;
/** A warning at each start of an activity worker, which is what a resource group's worker is meant to be. */
const AS_MEANT = 'No workflows registered';

function forwardTo(log: Logger): TemporalLogger {
  const write = (level: LogLevel, message: string, meta: object | undefined) =>
    log[message.startsWith(AS_MEANT) ? 'debug' : LEVELS[level]](meta ?? {}, message);
  return {
    log: write,
    trace: (message, meta) => write('TRACE', message, meta),
    debug: (message, meta) => write('DEBUG', message, meta),
    info: (message, meta) => write('INFO', message, meta),
    warn: (message, meta) => write('WARN', message, meta),
    error: (message, meta) => write('ERROR', message, meta),
  };
}
