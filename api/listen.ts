import { once } from 'node:events';
import type { Server } from 'node:http';

/** The port cannot be had. */
export class CannotListen extends Error {
  readonly code = 'CANNOT_LISTEN';

  constructor(message: string, options: ErrorOptions) {
    super(message, options);
    this.name = 'CannotListen';
  }
}

/** Starts to listen. @throws CannotListen with what to do */
export async function listen(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const why: Record<string, string> = {
      EADDRINUSE: 'another program uses it; stop that one, or choose another with PORT',
      EACCES: 'ports below 1024 need privileges; choose another with PORT',
      EADDRNOTAVAIL: 'this machine has no such address; set DATAMAP_HOST to one it has, or to 0.0.0.0',
      ENOTFOUND: 'there is no such host; set DATAMAP_HOST to an address of this machine',
    };
    throw new CannotListen(`The API cannot listen on ${host}:${port}: ${why[code] ?? String(error)}`, { cause: error });
  }
}
