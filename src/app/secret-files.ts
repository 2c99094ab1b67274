import { readFileSync, statSync } from 'node:fs';
import { ConfigError } from './config-error.js';

type Environment = Readonly<Record<string, string>>;

/** More than any key, password or certificate chain has. */
const FILE_BYTES_MAX = 256 * 1024;

/**
 * Puts secrets in their place that stand in files, as orchestrators hand them out: `NAME_FILE` names the file of `NAME`. A line break at its
 * end does not belong to the secret.
 * @throws ConfigError for both at once, and for a file that has no secret
 */
export function withSecretsFromFiles(given: Environment, names: readonly string[]): Environment {
  const read = names.flatMap((name): [string, string][] => {
    const file = given[`${name}_FILE`];
    if (file === undefined) return [];
    if (given[name] !== undefined) throw new ConfigError(`${name} and ${name}_FILE are both set: expected one of them`);
    const secret = readSettingFile(`${name}_FILE`, file).replace(/\r?\n$/, '');
    if (secret === '' || /[\r\n]/.test(secret)) throw new ConfigError(`${name}_FILE=${file} has ${secret === '' ? 'nothing in it' : 'several lines'}: expected one line`);
    return [[name, secret]];
  });
  return { ...given, ...Object.fromEntries(read) };
}

/** The text of a file that a setting names. @throws ConfigError */
export function readSettingFile(setting: string, file: string): string {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) throw new ConfigError(`${setting}=${file} is no file`);
    if (stat.size > FILE_BYTES_MAX) throw new ConfigError(`${setting}=${file} has ${stat.size} bytes: expected at most ${FILE_BYTES_MAX}`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${setting}=${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}
