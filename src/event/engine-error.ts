/** Public codes: clients, dashboards and the dead-letter topic's `reason` header match on them. */
export type EngineErrorCode =
  | 'event.malformed-json'
  | 'event.invalid-utf8'
  | 'event.not-an-object'
  | 'event.too-large'
  | 'event.too-deep'
  | 'event.missing-time'
  | 'event.invalid-time'
  | 'event.missing-type'
  | 'event.ahead-of-log'
  | 'event.key-too-long'
  | 'event.missing-fact'
  | 'rule.invalid'
  | 'rule.not-yet'
  | 'savepoint.unfit'
  | 'state.unknown-format'
  | 'task.position-lost'
  | 'task.replay-mismatch';

/** A refusal by the engine. `code` is public: clients and dashboards match on it. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  constructor(
    readonly code: EngineErrorCode,
    readonly details: Readonly<Record<string, string | number>> = {},
  ) {
    super([code, ...Object.entries(details).map(([name, value]) => `${name}=${value}`)].join(' '));
  }
}
