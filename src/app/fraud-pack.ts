import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../api/package-root.js';
import type { JsonValue } from '../event/stream-event.js';

/** A rule of the shipped pack: the document as it would be posted, and the file that it stands in. */
export interface PackRule {
  readonly id: string;
  /** `08-account-takeover`: the file's name without its ending */
  readonly file: string;
  readonly document: PackDocument;
}

export type PackDocument = { readonly id: string } & Readonly<Record<string, JsonValue>>;

/** What a list of the pack shows of a rule. */
export interface PackEntry {
  readonly id: string;
  readonly file: string;
  readonly name: string;
  readonly description: string;
  readonly severity: string;
  readonly tags: readonly string[];
  readonly params: Readonly<Record<string, JsonValue>>;
}

/** A file of the pack: one to four rules about one kind of fraud. */
const packFile = z.strictObject({ rules: z.array(z.looseObject({ id: z.string() })).min(1) });

/**
 * Reads the shipped rules, `rules/fraud-pack/NN-slug.json`, in the order of the files.
 * Their source is called `events`; signals of one rule to another stay `signals`.
 * @param source the name of the source that the rules shall read instead
 * @throws Error for a file that is not `{"rules": [{"id": …}, …]}`, or an id that two rules have
 */
export function readFraudPack(source = 'events', folder = join(packageRoot(), 'rules', 'fraud-pack')): PackRule[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json')).sort();
  const rules = files.flatMap((name) => packFile.parse(JSON.parse(readFileSync(join(folder, name), 'utf8'))).rules.map((rule): PackRule => ({ id: rule.id, file: name.slice(0, -'.json'.length), document: readingFrom(rule as PackDocument, source) })));
  const ids = new Set<string>();
  for (const { id, file } of rules) {
    if (ids.has(id)) throw new Error(`the rule "${id}" of ${file}.json has the id of another rule of the pack`);
    ids.add(id);
  }
  return rules;
}

function readingFrom(document: PackDocument, source: string): PackDocument {
  return document['from'] === 'events' ? { ...document, from: source } : document;
}

/** The pack as a list to choose from: plain JSON, without the rules' insides. */
export function listFraudPack(rules: readonly PackRule[]): PackEntry[] {
  return rules.map(({ id, file, document }) => ({ id, file, ...shownParts.parse(document) }));
}

const shownParts = z.object({
  name: z.string(),
  description: z.string(),
  severity: z.string(),
  tags: z.array(z.string()),
  params: z.record(z.string(), z.json()).default({}),
});
