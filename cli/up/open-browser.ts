import { spawn } from 'node:child_process';

/** Opens the address in the person's browser, where there is a person with a desktop. Its failure is nobody's loss. */
export function openBrowser(url: string): void {
  const { CI, DISPLAY, WAYLAND_DISPLAY } = process.env;
  if (process.stdout.isTTY !== true || (CI !== undefined && CI !== '')) return;
  const command = commandFor(process.platform, DISPLAY !== undefined || WAYLAND_DISPLAY !== undefined);
  if (command === undefined) return;
  const child = spawn(command[0], [...command[1], url], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}

function commandFor(platform: NodeJS.Platform, desktop: boolean): [string, string[]] | undefined {
  if (platform === 'darwin') return ['open', []];
  if (platform === 'win32') return ['cmd', ['/c', 'start', '']];
  return desktop ? ['xdg-open', []] : undefined;
}
