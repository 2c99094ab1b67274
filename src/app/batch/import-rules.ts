import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { JsonValue } from '../../event/stream-event.js';
import { importEql } from '../../rules/import/import-eql.js';
import { importFlink } from '../../rules/import/import-flink.js';
import { importSigma } from '../../rules/import/import-sigma.js';
import type { Imported, ImportOptions } from '../../rules/import/imported.js';
import { compileSql } from '../../rules/sql/compile-sql.js';
import { BatchError } from './batch-error.js';

/** Languages that rules are imported from. */
export const IMPORT_LANGUAGES = ['eql', 'flink', 'sigma', 'sql'] as const;
export type ImportLanguage = (typeof IMPORT_LANGUAGES)[number];

export interface ImportCommand {
  readonly from: ImportLanguage;
  readonly id?: string;
  readonly source?: string;
  readonly key: readonly string[];
}

/**
 * Writes the rules of a file in another language to stdout, and to stderr what did not fit.
 * @returns whether there is a rule
 * @throws BatchError for a file that is not in the language at all
 */
export function importRules(file: string, { from, id, source, key }: ImportCommand): boolean {
  const options: ImportOptions = { ...(id === undefined ? {} : { id }), ...(source === undefined ? {} : { from: source }), ...(key.length === 0 ? {} : { key }) };
  const { rules, notes } = importText(from, readFileSync(file === '-' ? 0 : file, 'utf8'), options, file);
  process.stdout.write(`${JSON.stringify(rules.length === 1 ? rules[0] : { rules }, null, 2)}\n`);
  for (const note of notes) process.stderr.write(`vigil: ${[note.rule, note.at].filter((part) => part !== '').join(' ')}: ${note.message}\n`);
  process.stderr.write(`vigil: ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'} imported, ${notes.length} ${notes.length === 1 ? 'note' : 'notes'}\n`);
  return rules.length > 0;
}

function importText(language: ImportLanguage, text: string, options: ImportOptions, file: string): Imported {
  switch (language) {
    case 'eql':
      return importEql(text, options);
    case 'flink':
      return importFlink(jsonOf(text, file), options);
    case 'sigma':
      return importSigma(documentsOf(text, file), options);
    case 'sql':
      return importSql(text, options);
  }
}

function jsonOf(text: string, file: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new BatchError(`${file}: not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** YAML documents; aliases are not followed beyond what a rule of Sigma could need. */
function documentsOf(text: string, file: string): JsonValue[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new BatchError(`${file}: not YAML: ${error.message}`);
    return document.toJS({ maxAliasCount: 100 }) as JsonValue;
  });
}

function importSql(text: string, { id, from, key }: ImportOptions): Imported {
  const members = { ...(id === undefined ? {} : { id }), ...(from === undefined ? {} : { from }), ...(key === undefined ? {} : { key: [...key] }) };
  const { rule, problems, warnings } = compileSql(text, members);
  const notes = [...problems, ...warnings].map(({ message, line, column }) => ({ rule: id ?? '', at: `line ${line}, column ${column}`, message }));
  return { rules: rule === undefined ? [] : [rule as unknown as { readonly [name: string]: JsonValue }], notes };
}
