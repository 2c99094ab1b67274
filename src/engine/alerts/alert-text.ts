import type { FieldValue, JsonValue } from '../../event/stream-event.js';
import type { RuleProgram } from '../../rules/program.js';
import type { LiveRule } from '../control/control-state.js';

/** What is the same in all alerts of a rule, as JSON text: written once. */
export interface AlertTexts {
  /** rule and version, behind the id */
  readonly rule: string;
  /** severity and type, behind the kind */
  readonly kindOf: string;
  /** `"name":` for each fact. No name is a number, which would come first in an object */
  readonly factNames: readonly string[];
  /** the end of alerts of a shadow rule */
  readonly shadow: string;
}

export function alertTexts({ ruleId, version, status }: LiveRule, { alert }: RuleProgram): AlertTexts {
  const { facts, severity, type } = alert;
  return {
    rule: `,"rule":${JSON.stringify(ruleId)},"version":${version},"key":`,
    kindOf: `,"severity":${JSON.stringify(severity)},"type":${JSON.stringify(type)}`,
    factNames: facts.map(({ name }) => `${JSON.stringify(name)}:`),
    shadow: status === 'shadow' ? ',"shadow":true' : '',
  };
}

/** Longer texts are left to the library, which looks at several letters at a time. */
const SHORT = 32;

/** A text as JSON. */
export function quoted(text: string): string {
  if (text.length > SHORT) return JSON.stringify(text);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return JSON.stringify(text);
  }
  return `"${text}"`;
}

/** A value as JSON. */
export function jsonOf(value: JsonValue): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' && Number.isFinite(value)) return `${value}`;
  return JSON.stringify(value);
}

/** The facts as a JSON object. @param values in the order of their names; undefined: the alert has none */
export function factsText(names: readonly string[], values: readonly FieldValue[]): string {
  let text = '';
  for (let i = 0; i < names.length; i++) {
    const value = values[i];
    if (value !== undefined) text += `${text === '' ? '' : ','}${names[i] as string}${jsonOf(value)}`;
  }
  return `{${text}}`;
}
