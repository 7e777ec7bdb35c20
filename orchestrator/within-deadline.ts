import { type Connection, isGrpcServiceError } from '@temporalio/client';
import { OrchestratorUnavailable } from './port.js';

/** gRPC's own numbers, https://grpc.io/docs/guides/status-codes/ */
const STATUS = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/**
 * Asks the server and gives up after a while, so that whoever waits for the API is answered. What is the server's own
 * answer (not found, already started) passes as it is.
 * @param milliseconds for everything that `call` asks, together
 * @throws OrchestratorUnavailable when the server cannot be reached, refuses us, or is not set up for us
 */
export async function withinDeadline<T>(
  connection: Connection,
  milliseconds: number,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await connection.withDeadline(Date.now() + milliseconds, call);
  } catch (error) {
    const reason = reasonOf(error);
    throw reason === undefined ? error : new OrchestratorUnavailable(reason, { cause: error });
  }
}

function reasonOf(error: unknown): string | undefined {
  if (error instanceof Error && error.name === 'NamespaceNotFoundError') {
    return `The Temporal server has no such namespace: ${error.message}`;
  }
  const grpc = grpcErrorOf(error);
  switch (grpc?.code) {
    case STATUS.unavailable:
      return 'The Temporal server cannot be reached';
    case STATUS.deadlineExceeded:
    // The same, where the server noticed first: nothing here is ever cancelled by us.
    case STATUS.cancelled:
      return 'The Temporal server did not answer in time';
    case STATUS.resourceExhausted:
      return 'The Temporal server is refusing calls for the moment, because there are too many';
    case STATUS.unauthenticated:
    case STATUS.permissionDenied:
      return 'The Temporal server refuses our API key or certificate';
    case STATUS.invalidArgument:
      // Workers register the attributes when they start, so a server that never saw one refuses every start.
      return grpc !== undefined && /search attribute/i.test(grpc.details)
        ? 'The Temporal server does not know our search attributes yet; they are registered when a worker starts'
        : undefined;
    default:
      return undefined;
  }
}

function grpcErrorOf(error: unknown): { code: number; details: string } | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isGrpcServiceError(cause)) return cause;
  }
  return undefined;
}
