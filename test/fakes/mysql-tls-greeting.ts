import { type AddressInfo, createServer } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Self-signed for `localhost`, valid until 2126, with a key that guards nothing: for the fake below only. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUM2k41pX4s5orc/ZjzIHXoFRuY7MwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNTAzMDMwN1oYDzIxMjYxMTAx
MDMwMzA3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQ6mRfMQmnsesSllTiQsmlTogaUyi31s9qM5uPq40Heo0710KZbKNWf
TEoXhQvp12+0UEP+3qn3aBFVTlyfEBwio2kwZzAdBgNVHQ4EFgQUKqZsXe9epQcP
rLReo8JYsqfd2VEwHwYDVR0jBBgwFoAUKqZsXe9epQcPrLReo8JYsqfd2VEwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SAAwRQIhALj8h09+300wCG1yo911sjIbPKzp8mc5ET+PNLkgFzxoAiACegULBVoq
YNy88kNcxBtpacTdIzkHzrlmD7oPceLqTg==
-----END CERTIFICATE-----
`;
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg27f7wFfC5FBopL+j
um+xdc21SizekPiVL2BTs+AS8e6hRANCAAQ6mRfMQmnsesSllTiQsmlTogaUyi31
s9qM5uPq40Heo0710KZbKNWfTEoXhQvp12+0UEP+3qn3aBFVTlyfEBwi
-----END PRIVATE KEY-----
`;

const SSL_REQUEST_LENGTH = 36;

/**
 * A server that greets as MySQL does, offers TLS, shakes hands and then hangs up: the driver's own server half has no
 * TLS, and what comes after is not what it is for.
 */
export async function tlsGreeting(): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(greeting());
    socket.once('data', (received: Buffer) => {
      // The start of the handshake can come along with the request for it.
      socket.pause();
      if (received.length > SSL_REQUEST_LENGTH) socket.unshift(received.subarray(SSL_REQUEST_LENGTH));
      const secured = new TLSSocket(socket, { isServer: true, cert: CERTIFICATE, key: KEY });
      secured.on('error', () => undefined);
      secured.once('data', () => secured.end());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** HandshakeV10 of MySQL 8 with every capability of its low half, TLS (0x800) among them. */
function greeting(): Buffer {
  const body = Buffer.concat([
    Buffer.from([10]),
    Buffer.from('8.0.36\0'),
    Buffer.from([1, 0, 0, 0]),
    Buffer.from('scramble\0'),
    Buffer.from([0xff, 0xff, 45, 2, 0, 0x0f, 0x00, 21]),
    Buffer.alloc(10),
    Buffer.from('twelve bytes\0caching_sha2_password\0'),
  ]);
  return Buffer.concat([Buffer.from([body.length, 0, 0, 0]), body]);
}
