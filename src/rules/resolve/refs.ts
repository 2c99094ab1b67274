import type { JsonValue } from '../../event/stream-event.js';
import type { FactRef, Operand } from '../rule.js';
import type { FactRefInput, OperandInput } from '../schema/scalars.js';

/** A list of one or several as a list. */
export function listOf<T>(input: T | readonly T[]): readonly T[] {
  return Array.isArray(input) ? (input as readonly T[]) : [input as T];
}

export function typesOf(input: string | readonly string[] | undefined): readonly string[] | null {
  return input === undefined ? null : [...new Set(listOf(input))];
}

export function refOf(input: FactRefInput): FactRef {
  return typeof input === 'string' ? { fact: input } : input;
}

export function refsOf(input: FactRefInput | readonly FactRefInput[] | undefined): readonly FactRef[] {
  return input === undefined ? [] : listOf(input).map(refOf);
}

export function operandOf(input: OperandInput): Operand {
  if (typeof input === 'string') return { fact: input };
  return typeof input === 'object' ? (input as Operand) : { value: input as JsonValue };
}

export function operandsOf(input: Readonly<Record<string, OperandInput>> | undefined): Readonly<Record<string, Operand>> {
  return Object.fromEntries(Object.entries(input ?? {}).map(([name, operand]) => [name, operandOf(operand)]));
}
