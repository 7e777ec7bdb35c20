import { checkStep, endingAtFirstFailure, type StepResult } from '../check-step.js';
import type { CheckOptions, CheckStep, Connection } from '../contract.js';
import { reach, type SourceAddress } from '../reach.js';
import { inspect } from './check-contents.js';
import { type ConnectTarget, connect } from './connect.js';
import { connectFailure, notPostgresql, withoutTls } from './errors.js';
import { establishSession, openSession, type Session } from './session.js';
import type { PostgresqlConfig } from './spec.js';
import { askForTls, shakeHands } from './tls.js';
import { validate } from './validate.js';

/** The newest major version that was tried, as server_version_num counts. Newer ones are read as well. */
const NEWEST_TRIED = 18;

/** Tests a connection step by step, as `CHECK_STEPS` names them, and lets go of every connection at the end. */
export async function* checkPostgresql(connection: Connection, options: CheckOptions): AsyncGenerator<CheckStep, void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  try {
    yield* endingAtFirstFailure(steps(connection, options, signal));
  } finally {
    ended.abort();
  }
}

/** `signal` ends what a step left open; a step's own one ends with its time, which a session must outlive. */
async function* steps(
  connection: Connection,
  options: CheckOptions,
  signal: AbortSignal,
): AsyncGenerator<CheckStep, void> {
  const config = yield* checkStep('validate_input', options, async () => ({ value: validate(connection) }));
  if (config === undefined) return;
  const address = yield* reach(config, options);
  if (address === undefined) return;

  const target = (database: string): ConnectTarget => ({
    config,
    database,
    address,
    password: connection.secrets.password,
    workerAddresses: options.workerAddresses,
  });
  const own = target(config.database);
  const describe = (error: unknown) => connectFailure(error, own);
  const shaken = yield* checkStep('tls_handshake', options, (limit) => handshake(config, address, limit), { describe });
  if (shaken === undefined) return;

  const link = yield* checkStep('authenticate', options, async () => ({
    value: await connect(own, signal),
    message: `Logged in as ${config.user}`,
  }));
  if (link === undefined) return;
  const session = yield* checkStep('identify_server', options, async () =>
    identify(await establishSession(link, own, { signal, pace: options.pace })),
  );
  if (session === undefined) return link.close();
  try {
    yield* inspect(
      session,
      config.database,
      (database) => openSession(target(database), { signal, pace: options.pace }),
      options,
    );
  } finally {
    await session.close();
  }
}

/** Whatever the data source wants of TLS, the server is asked for it: that tells PostgreSQL from everything else. */
async function handshake(
  config: PostgresqlConfig,
  address: SourceAddress,
  signal: AbortSignal,
): Promise<StepResult<true>> {
  const { socket, answer } = await askForTls(address, config.port, signal);
  try {
    if (answer === 'not postgresql') throw notPostgresql(config);
    if (config.tls === 'off')
      return { value: true, message: `Not used; the server ${answer === 'offered' ? 'offers' : 'does not offer'} it` };
    if (answer === 'offered') {
      const secured = await shakeHands(socket, config, signal);
      const { subject, valid_to: validTo } = secured.getPeerCertificate();
      secured.destroy();
      return {
        value: true,
        message: `Encrypted with ${secured.getProtocol() ?? 'TLS'}${config.tls === 'verify' ? '; the certificate is trusted' : ''}`,
        detail: { protocol: secured.getProtocol(), certificate: subject?.CN, validTo },
      };
    }
    if (config.tls !== 'prefer') throw withoutTls(config);
    return {
      value: true,
      message: 'The server does not offer TLS: password and metadata go over the network unencrypted',
      warning: { code: 'TLS_NOT_OFFERED', remedy: 'Let an administrator set ssl = on, then set TLS to "require"' },
    };
  } finally {
    socket.destroy();
  }
}

function identify(session: Session): StepResult<Session> {
  const { version, server } = session.identity;
  const result = {
    value: session,
    message: `PostgreSQL ${version}`,
    detail: { version, server, encrypted: session.encrypted, pooled: session.pooled },
  };
  if (session.pooled)
    return {
      ...result,
      message: `PostgreSQL ${version}, through a connection pooler`,
      warning: {
        code: 'POOLED',
        remedy: 'It works, with three statements more for each; name the server itself to spare them',
      },
    };
  if (session.versionNumber >= (NEWEST_TRIED + 1) * 10_000)
    return {
      ...result,
      message: `PostgreSQL ${version} is newer than the versions that were tried (12 to ${NEWEST_TRIED})`,
      warning: { code: 'UNTRIED_VERSION', remedy: 'Compare what is collected with the source' },
    };
  return result;
}
