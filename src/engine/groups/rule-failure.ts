import type { ByteReader, ByteWriter } from '../../state/bytes.js';
import { readTime, writeTime } from '../../state/bytes.js';

/** A rule asks for more than one event, or one moment, may cost. */
export class BudgetError extends Error {
  override readonly name = 'BudgetError';
}

/** Why a task leaves a rule version alone. */
export interface RuleFailure {
  /** event time at which it failed, epoch ms */
  readonly at: number;
  /** name and message of what was thrown */
  readonly reason: string;
}

/** Characters of a reason that are kept. */
const REASON_CHARS_MAX = 300;

export function failureOf(at: number, error: unknown): RuleFailure {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { at, reason: text.slice(0, REASON_CHARS_MAX) };
}

/** @param failures rule and version → its failure */
export function writeFailures(out: ByteWriter, failures: ReadonlyMap<string, RuleFailure>): void {
  out.uint(failures.size);
  for (const [rule, { at, reason }] of failures) {
    out.text(rule);
    writeTime(out, at);
    out.text(reason);
  }
}

export function readFailures(from: ByteReader): Map<string, RuleFailure> {
  const failures = new Map<string, RuleFailure>();
  for (let n = from.uint(); n > 0; n--) failures.set(from.text(), { at: readTime(from), reason: from.text() });
  return failures;
}
