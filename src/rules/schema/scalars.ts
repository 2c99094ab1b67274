import { z } from 'zod';
import { DURATION_FORMS, parseDuration } from '../duration.js';
import { ruleLimits } from '../limits.js';

/** Errors that begin with this mark are places where our own reading of the value says better what is wrong. */
export const REREAD = '@';

const expected = (what: string) => ({ error: `expected ${what}` });

/** Names that expressions can use: stages, entries, params, elements. */
export const identifier = z
  .string()
  .max(64)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, expected('a name: a letter or _, then letters, digits and _, at most 64 characters'))
  .meta({ id: 'Name', description: 'A name that expressions can use.' });

/** Ids of rules, names of sources and signals. */
export const slug = z
  .string()
  .max(ruleLimits.nameCharsMax)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, expected(`letters, digits, ".", "_" and "-", at most ${ruleLimits.nameCharsMax} characters`))
  .meta({ id: 'Slug' });

export const text = z.string().max(ruleLimits.textCharsMax);
export const eventType = z.string().min(1).max(ruleLimits.nameCharsMax);

/** One or several event types. */
export const eventTypes = z
  .union([eventType, z.array(eventType).min(1).max(64)], expected('an event type or a list of event types'))
  .meta({ id: 'EventTypes', description: 'One event type or several.' });

export const factName = z.string().min(1).max(ruleLimits.pathCharsMax);
export const celText = z.string().min(1).max(ruleLimits.celCharsMax);

/** An expression over `params` alone, worked out when the version is published. */
export const paramExpression = z.strictObject({ cel: celText }).meta({ id: 'ParamExpression', description: 'CEL over params alone, worked out when the version is published: {"cel": "params.minTurns + 1"}.' });

/** A fact by name, or an expression. */
export const factRef = z
  .union([factName, z.strictObject({ fact: factName }), z.strictObject({ cel: celText })], expected('the name of a fact such as "device.id", or {"cel": "…"}'))
  .meta({ id: 'FactRef', description: 'A fact by name, or {"cel": …}.' });

export const factRefs = z.union([factRef, z.array(factRef).min(1).max(ruleLimits.keyPartsMax)], expected(`a fact, or a list of 1 to ${ruleLimits.keyPartsMax} facts, each a name or {"cel": "…"}`));

/** What an alert's fact or a signal's field holds: texts name facts; literal values stand as they are, literal texts as {"value": …}. */
export const operand = z
  .union([factName, z.number(), z.boolean(), z.strictObject({ fact: factName }), z.strictObject({ cel: celText }), z.strictObject({ value: z.json() })], expected('the name of a fact, {"cel": "…"}, or {"value": …} for a literal'))
  .meta({ id: 'Operand' });

const durationForms = expected(`${DURATION_FORMS}, or {"cel": "params.…"}`);

export const duration = z
  .union(
    [
      z.string().refine((value) => parseDuration(value) !== null, durationForms).meta({ pattern: '^(\\d+(ms|s|m|h|d|w))+$' }),
      z.int().min(0).max(ruleLimits.durationMsMax),
      paramExpression,
    ],
    durationForms,
  )
  .meta({ id: 'Duration', description: '"10m", "1h30m", "7d" (units ms, s, m, h, d, w), whole ms, or an expression over params.' });

/** A whole number in a range, or an expression over params that gives one. */
export function count(min: number, max: number = ruleLimits.countMax) {
  return z.union([z.int().min(min).max(max), paramExpression], expected(`a whole number ${min} … ${max}, or {"cel": "params.…"}`));
}

/** A number in a range, or an expression over params that gives one. */
export function quantity(min: number, max: number) {
  return z.union([z.number().min(min).max(max), paramExpression], expected(`a number ${min} … ${max}, or {"cel": "params.…"}`));
}

export type DurationInput = z.input<typeof duration>;
export type NumberInput = number | { readonly cel: string };
export type FactRefInput = z.input<typeof factRef>;
export type OperandInput = z.input<typeof operand>;
