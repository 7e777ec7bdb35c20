import { freePort } from '../embedded/free-port.js';
import { CliError } from '../errors.js';
import { readJson, writePrivateJson } from '../private-file.js';

/** The usual ports; where one is taken, a free one is chosen and kept for the next start. */
const USUAL = { api: 8080, postgres: 5432, temporal: 7233, temporalUi: 8233, meilisearch: 7700 } as const;

export type PortName = keyof typeof USUAL;
export type Ports = Record<PortName, number>;

/**
 * Chooses the ports of an instance: what was asked for, else those of its last start, else the usual ones.
 * @throws CliError PORT_TAKEN when the one that was asked for is not free
 */
export async function choosePorts(file: string, wantedApiPort?: number): Promise<Ports> {
  const kept = readJson<Partial<Ports>>(file) ?? {};
  if (wantedApiPort !== undefined && (await freePort(wantedApiPort)) !== wantedApiPort) {
    throw new CliError(
      'PORT_TAKEN',
      `Port ${wantedApiPort} is taken by another program, or may not be used by this account.`,
      `Choose another (--port ${wantedApiPort + 1}), leave --port out to get a free one, or see who has it: ` +
        `${process.platform === 'win32' ? 'netstat -ano | findstr' : 'lsof -i'} :${wantedApiPort}`,
    );
  }
  const chosen = new Set<number>();
  const choose = async (name: PortName): Promise<number> => {
    let port = await freePort(kept[name] ?? USUAL[name]);
    while (chosen.has(port)) port = await freePort();
    chosen.add(port);
    return port;
  };
  if (wantedApiPort !== undefined) chosen.add(wantedApiPort);
  const ports: Ports = {
    api: wantedApiPort ?? (await choose('api')),
    postgres: await choose('postgres'),
    temporal: await choose('temporal'),
    temporalUi: await choose('temporalUi'),
    meilisearch: await choose('meilisearch'),
  };
  writePrivateJson(file, ports);
  return ports;
}
