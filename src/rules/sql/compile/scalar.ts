/** A value as CEL, with what is known of it. */
export interface Scalar {
  readonly cel: string;
  /** it is this fact and nothing else */
  readonly fact?: string;
  readonly literal?: string | number | boolean;
}

/** What stands for an expression that has been refused. */
export const NO_SCALAR: Scalar = { cel: 'null' };

export function factScalar(fact: string, cel: string): Scalar {
  return { cel, fact };
}

export function literalScalar(value: string | number | boolean): Scalar {
  return { cel: typeof value === 'string' ? JSON.stringify(value) : typeof value === 'number' && (value < 0 || Object.is(value, -0)) ? `(${value})` : String(value), literal: value };
}

export function celScalar(cel: string): Scalar {
  return { cel };
}
