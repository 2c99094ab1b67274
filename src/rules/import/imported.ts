import type { JsonValue } from '../../event/stream-event.js';
import { validateRule } from '../validate-rule.js';

/** Something of the original that the rule does not have, or has otherwise. */
export interface ImportNote {
  /** the rule that it is about */
  readonly rule: string;
  /** where in the original: a path or a place */
  readonly at: string;
  /** what it is, and what was done about it */
  readonly message: string;
}

/** What became of a text in another language. */
export interface Imported {
  /** rules that can be published; where something could not be said, a condition that is never true stands in its place */
  readonly rules: readonly { readonly [name: string]: JsonValue }[];
  readonly notes: readonly ImportNote[];
}

/** What other languages leave to where a rule is deployed. */
export interface ImportOptions {
  /** id of the rule, where the original has none */
  readonly id?: string;
  /** source of the events, where the original has none; default `events` */
  readonly from?: string;
  /** fields that make the key, where the original has none */
  readonly key?: readonly string[];
}

/** Stands for a condition that could not be said: no rule fires more often than its original for lack of one. */
export const NEVER: { readonly [name: string]: JsonValue } = { not: { all: [] } };

/** One key for all events: the original does not group. */
export const ONE_KEY: JsonValue = { cel: '"all"' };

/** Gathers what one import gives. */
export class Import {
  private readonly rules: { readonly [name: string]: JsonValue }[] = [];
  private readonly notes: ImportNote[] = [];

  note(rule: string, at: string, message: string): void {
    if (!this.notes.some((note) => note.rule === rule && note.at === at && note.message === message)) this.notes.push({ rule, at, message });
  }

  /** Adds a rule if it is one; otherwise what is wrong with it. */
  add(rule: { readonly [name: string]: JsonValue }): void {
    const { problems } = validateRule(rule);
    for (const { pointer, message } of problems) this.note(textOf(rule['id']), pointer, `left out, since it would not be a rule: ${message}`);
    if (problems.length === 0) this.rules.push(rule);
  }

  get result(): Imported {
    return { rules: this.rules, notes: this.notes };
  }
}

/** A value of a foreign document where a text was expected. */
export function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** A name of a rule, source or signal out of any text. */
export function slugOf(text: string): string {
  const slug = text.normalize('NFKD').replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+|-+$/g, '').slice(0, 100);
  return slug === '' ? 'imported' : slug;
}

/** Names of stages out of any texts, each once. */
export class StageNames {
  private readonly names = new Map<string, string>();

  of(text: string): string {
    const known = this.names.get(text);
    if (known !== undefined) return known;
    const plain = text.replace(/\W+/g, '_').replace(/^(?=\d)/, '_').slice(0, 56);
    const base = plain === '' || RESERVED.has(plain) ? `stage_${plain}` : plain;
    const taken = new Set(this.names.values());
    let name = base;
    for (let i = 2; taken.has(name); i++) name = `${base}_${i}`;
    this.names.set(text, name);
    return name;
  }
}

/** A field as a fact: some beginnings mean something else in the rule language. */
export function fieldFact(path: string): string {
  return /^(event|params)\.|^(event|params|ts)$/.test(path) ? `$.${path}` : path;
}

/** Words that expressions keep for themselves. */
const RESERVED = new Set(['event', 'params', 'ts', 'true', 'false', 'null', 'in', 'has', 'geo', 'net', 'math', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while', 'prototype']);

export function isObject(value: unknown): value is { readonly [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
