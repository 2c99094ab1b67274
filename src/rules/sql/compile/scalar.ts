/** A value as CEL, with what is known of it. */
export interface Scalar {
  readonly cel: string;
  /** it is this fact and nothing else */
  readonly fact?: string;
  readonly literal?: string | number | boolean;
  /** the same with 0 in place of no value, where that is said more shortly than by asking for one */
  readonly orZero?: Scalar;
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

/** Whether a value is there, as CEL. */
export function celHas({ cel, fact }: Scalar): string {
  // only facts can be asked about: of anything else, whether a list of it can be made
  return fact === undefined ? `has([${cel}][0])` : `has(${cel})`;
}
