import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../api/package-root.js';
import type { PackRuleView } from '../api/ports.js';
import type { JsonValue } from '../event/stream-event.js';

/** A shipped rule: the document as it would be posted, and the file that it stands in. */
export interface PackRule {
  readonly id: string;
  /** `08-account-takeover`: the file's name without its ending */
  readonly file: string;
  readonly document: PackDocument;
}

export type PackDocument = { readonly id: string } & Readonly<Record<string, JsonValue>>;

/** A file of a pack: one to four rules about one subject. */
const packFile = z.strictObject({ rules: z.array(z.looseObject({ id: z.string() })).min(1) });

/** Name of the source in the documents as they are shipped. */
const SHIPPED_SOURCE = 'events';

/** Names of the packs that there are, in order. */
export function rulePackNames(): string[] {
  const folders = readdirSync(join(packageRoot(), 'rules'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => name).sort();
}

/**
 * Reads shipped rules, `rules/<pack>/<file>.json`, in the order of the files.
 * @param options.pack `fraud-pack` (default) or another folder of `rules`
 * @param options.source the name of the source that the rules shall read instead of `events`; signals of one rule to another stay `signals`
 * @throws Error for a file that is not `{"rules": [{"id": …}, …]}`, or an id that two rules have
 */
export function readRulePack({ pack = 'fraud-pack', source = SHIPPED_SOURCE }: { readonly pack?: string; readonly source?: string } = {}): PackRule[] {
  const folder = join(packageRoot(), 'rules', pack);
  const files = readdirSync(folder).filter((name) => name.endsWith('.json')).sort();
  const rules = files.flatMap((name) => readFile(join(folder, name)).map((document) => ({ id: document.id, file: name.slice(0, -'.json'.length), document: readingFrom(document, source) })));
  const ids = new Set<string>();
  for (const { id, file } of rules) {
    if (ids.has(id)) throw new Error(`the rule "${id}" of ${file}.json has the id of another rule of the pack`);
    ids.add(id);
  }
  return rules;
}

function readFile(path: string): PackDocument[] {
  return packFile.parse(JSON.parse(readFileSync(path, 'utf8'))).rules as PackDocument[];
}

/** The document with another source in the place of the shipped one. */
export function readingFrom(document: PackDocument, source: string): PackDocument {
  return document['from'] === SHIPPED_SOURCE ? { ...document, from: source } : document;
}

const shownParts = z.object({
  name: z.string(),
  description: z.string(),
  severity: z.string(),
  tags: z.array(z.string()),
  params: z.record(z.string(), z.json()).default({}),
});

/** The rules as a list to choose from: plain JSON, without their insides. */
export function listRulePack(rules: readonly PackRule[]): PackRuleView[] {
  return rules.map(({ id, file, document }) => ({ id, subject: file, ...shownParts.parse(document) }));
}
