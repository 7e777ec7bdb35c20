import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the command line keeps what belongs to a person: DATAMAP_CONFIG_DIR, or the system's place for such things. */
export function userDirectory(): string {
  const chosen = process.env['DATAMAP_CONFIG_DIR'];
  if (chosen !== undefined && chosen !== '') return chosen;
  if (process.platform === 'win32') return join(process.env['APPDATA'] ?? homedir(), 'datamap');
  const configured = process.env['XDG_CONFIG_HOME'];
  return join(configured === undefined || configured === '' ? join(homedir(), '.config') : configured, 'datamap');
}
