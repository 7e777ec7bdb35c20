import { join } from 'node:path';
import { readJson, writePrivateJson } from '../private-file.js';
import { userDirectory } from './user-directory.js';

/** The server that `datamap login` was last used with, and a token of its own there. */
export interface Login {
  url: string;
  token: string;
  email: string;
}

const file = () => join(userDirectory(), 'login.json');

/** Kept with mode 0600. */
export function keepLogin(login: Login): void {
  writePrivateJson(file(), login);
}

export function keptLogin(): Login | undefined {
  return readJson<Login>(file());
}
