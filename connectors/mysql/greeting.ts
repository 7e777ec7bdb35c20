import { createConnection, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { ConnectorError } from '../contract.js';
import type { SourceAddress } from '../reach.js';
import type { MysqlConfig } from './spec.js';

/** What a server says first. */
export type Greeting =
  | { kind: 'welcome'; version: string; offersTls: boolean }
  /** It turns us away before anything else, e.g. 1130 (host not allowed) or 1040 (too many connections). */
  | { kind: 'refusal'; errno: number }
  | { kind: 'stranger' };

const CLIENT_PROTOCOL_41 = 0x200;
const CLIENT_SSL = 0x800;
const CLIENT_SECURE_CONNECTION = 0x8000;
const UTF8MB4 = 45;
const HEADER = 4;

/**
 * Connects and reads the server's first packet, to tell TLS from log-in in a connection test: the driver does both in
 * one. The socket is the caller's to destroy.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html
 */
export async function readGreeting(
  { address, family }: SourceAddress,
  port: number,
  signal: AbortSignal,
): Promise<{ socket: Socket; greeting: Greeting }> {
  const socket = createConnection({ host: address, family, port });
  signal.addEventListener('abort', () => socket.destroy(signal.reason as Error), { once: true });
  let received = Buffer.alloc(0);
  const packet = await new Promise<Buffer>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const length = received.length < HEADER ? Number.POSITIVE_INFINITY : received.readUIntLE(0, 3);
      // Whatever is not MySQL (HTTP, SSH) rarely sends a length that fits.
      if (received.length >= HEADER && length > 65_536) resolve(Buffer.alloc(0));
      if (received.length >= HEADER + length) resolve(received.subarray(HEADER, HEADER + length));
    });
    socket.once('error', reject);
    socket.once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
  });
  socket.removeAllListeners('data');
  return { socket, greeting: greetingOf(packet) };
}

/** Asks for TLS on a greeted socket and shakes hands. Throws `TLS_MISMATCH`. */
export async function shakeHands(
  socket: Socket,
  { host, tls, certificateAuthority }: MysqlConfig,
): Promise<{ secured: TLSSocket; message: string; detail: Record<string, unknown> }> {
  socket.write(sslRequest());
  const secured = connectTls({
    socket,
    // Judged below, so that the message can say what is wrong with which certificate.
    rejectUnauthorized: false,
    // What the certificate is compared with; without it, Node takes `localhost`.
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority }),
  });
  await new Promise<void>((resolve, reject) => {
    secured.once('secureConnect', resolve);
    secured.once('error', reject);
  }).catch((error: Error) => {
    throw new ConnectorError(
      'TLS_MISMATCH',
      `The TLS handshake with ${host} failed: ${error.message.slice(0, 200)}`,
      'See which TLS versions the server allows (tls_version); set TLS to off only in a network you trust',
    );
  });
  const certificate = secured.getPeerCertificate();
  const subject = String(certificate.subject?.CN ?? 'unnamed');
  const detail = {
    protocol: secured.getProtocol(),
    subject,
    issuer: certificate.issuer?.CN,
    validTo: certificate.valid_to,
    verified: secured.authorized,
  };
  if (tls === 'verify' && !secured.authorized) {
    throw new ConnectorError(
      'TLS_MISMATCH',
      `The certificate of ${host} (${subject}, until ${certificate.valid_to}) does not verify: ${String(secured.authorizationError)}`,
      'Give the authority that signed it, or the name that it is for; `require` encrypts without checking either',
    );
  }
  const verified = secured.authorized ? 'verified' : 'not verified';
  return {
    secured,
    detail,
    message: `${secured.getProtocol()}, certificate ${subject} until ${certificate.valid_to}, ${verified}`,
  };
}

function greetingOf(packet: Buffer): Greeting {
  if (packet[0] === 0xff && packet.length >= 3) return { kind: 'refusal', errno: packet.readUInt16LE(1) };
  const end = packet.indexOf(0, 1);
  if (packet[0] !== 10 || end === -1) return { kind: 'stranger' };
  // After the version: thread id (4), scramble (8), a zero, then the low half of the capabilities.
  const capabilities = end + 1 + 4 + 8 + 1;
  if (packet.length < capabilities + 2) return { kind: 'stranger' };
  return {
    kind: 'welcome',
    version: packet.toString('utf8', 1, end),
    offersTls: (packet.readUInt16LE(capabilities) & CLIENT_SSL) !== 0,
  };
}

/** The client's half of the handshake, cut off after its fixed part: "go on in TLS". */
function sslRequest(): Buffer {
  const packet = Buffer.alloc(HEADER + 32);
  packet.writeUIntLE(32, 0, 3);
  packet.writeUInt8(1, 3);
  packet.writeUInt32LE(CLIENT_PROTOCOL_41 | CLIENT_SSL | CLIENT_SECURE_CONNECTION, HEADER);
  packet.writeUInt32LE(0x1000000, HEADER + 4);
  packet.writeUInt8(UTF8MB4, HEADER + 8);
  return packet;
}
