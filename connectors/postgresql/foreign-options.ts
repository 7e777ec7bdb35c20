const SECRET_NAME = /pass|pwd|secret|token|key|credential|auth|user/i;
const SECRET_VALUE = /password\s*=|pwd\s*=|secret|token\s*=/i;
const USER_INFO = /:\/\/[^/@\s]*@/g;

/**
 * Options of a foreign table or its server, as `name=value`, without what could be a credential: wrappers exist that
 * keep passwords in the server's options, and everyone may read those in the source.
 */
export function publicOptions(options: readonly string[]): [name: string, value: string][] {
  return options.flatMap((option): [string, string][] => {
    const separator = option.indexOf('=');
    const name = option.slice(0, separator);
    const value = option.slice(separator + 1);
    if (SECRET_NAME.test(name) || SECRET_VALUE.test(value)) return [];
    return [[name, value.replaceAll(USER_INFO, '://')]];
  });
}
