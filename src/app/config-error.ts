/** A setting that cannot be used: says which, what was found and what was expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
