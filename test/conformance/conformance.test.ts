import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { checkCase } from './check-case.js';
import { readCases } from './flink-case.js';

const files = readCases(join(process.cwd(), '../shared/conformance'));

describe("Flink's own answers, in every way of running", () => {
  it('has all five files', () => {
    expect(files.map(({ name }) => name)).toEqual(['core.jsonl', 'differences.jsonl', 'explosive.jsonl', 'facts-differences.jsonl', 'facts.jsonl']);
  });

  it.each(files.map((file) => [file.name, file] as const))('%s', (_, { cases }) => {
    const failures = cases.map((item) => [item.id, checkCase(item).failure]).filter(([, failure]) => failure !== null);
    expect(failures).toEqual([]);
  });
});
