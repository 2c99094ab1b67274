import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DrivenRule } from '../../engine/testing/rule-test-driver.js';
import type { JsonValue } from '../../event/stream-event.js';
import { validateRule } from '../../rules/validate-rule.js';
import { BatchError } from './batch-error.js';

/** Every rule of a folder, its sub-folders and its files; refuses what is no rule with file, place and reason. */
export function readRules(path: string, params: ReadonlyMap<string, Record<string, JsonValue>> = new Map()): DrivenRule[] {
  const rules: DrivenRule[] = [];
  for (const file of jsonFiles(path)) {
    const content = readJson(file);
    const documents = Array.isArray(content) ? content : isPack(content) ? content.rules : [content];
    for (const document of documents as JsonValue[]) {
      const id = (document as { id?: string }).id ?? '';
      const overrides = params.get(id) ?? {};
      const { problems } = validateRule(document, { params: overrides });
      const [problem] = problems;
      if (problem !== undefined) throw new BatchError(`${file}: rule ${id}${problem.pointer}: ${problem.message}`);
      rules.push({ document, params: overrides });
    }
  }
  if (rules.length === 0) throw new BatchError(`${path} holds no rule: expected files that end in .json`);
  return rules;
}

function isPack(content: JsonValue): content is { readonly rules: readonly JsonValue[] } {
  return typeof content === 'object' && content !== null && 'rules' in content && Array.isArray(content['rules']);
}

function jsonFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json')).sort().map((name) => join(path, name));
}

/** @throws BatchError with the name of the file */
export function readJson(file: string): JsonValue {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as JsonValue;
  } catch (error) {
    throw new BatchError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Values for params of rules, given as `rule.name=value`. @throws BatchError */
export function paramsOf(given: readonly string[]): Map<string, Record<string, JsonValue>> {
  const params = new Map<string, Record<string, JsonValue>>();
  for (const text of given) {
    const found = /^([^=]+)\.([A-Za-z_]\w*)=(.*)$/s.exec(text);
    if (found === null) throw new BatchError(`--param ${text}: expected rule.name=value, such as card-velocity.maxCount=6`);
    const [, rule, name, value] = found as unknown as [string, string, string, string];
    let parsed: JsonValue;
    try {
      parsed = JSON.parse(value) as JsonValue;
    } catch {
      parsed = value;
    }
    params.set(rule, { ...params.get(rule), [name]: parsed });
  }
  return params;
}
