import { describe, expect, it } from '@jest/globals';
import { ArgumentError, manual, readArguments } from './arguments.js';
import { COMMANDS } from './commands.js';

const read = (line: string) => readArguments(COMMANDS, line.split(' ').filter(Boolean));

function refusal(line: string): string {
  try {
    read(line);
  } catch (error) {
    if (error instanceof ArgumentError) return error.message;
    throw error;
  }
  return 'taken';
}

describe('the command line of the benchmarks', () => {
  it('fills in what is not said', () => {
    const chosen = read('--growth --gate');
    expect([chosen.command, chosen.number('runs'), chosen.flag('gate'), chosen.flag('blocks'), chosen.textOr('only')]).toEqual(['growth', 3, true, false, null]);
  });

  it('takes a choice in any case', () => expect(read('--workload w5 --input x').text('workload')).toBe('W5'));

  it.each([
    ['', 'found no command; expected one of --workload, --growth, --memory, --kafka, --embedded, --peers'],
    ['--growth --workload W1', 'found --workload and --growth; expected one of --workload, --growth, --memory, --kafka, --embedded, --peers'],
    ['--growth --parse', 'found --parse with --growth; expected --runs, --only, --blocks, --gate'],
    ['--growth --runs 0', '--runs: found 0, expected a whole number from 1 to 100'],
    ['--growth --runs many', '--runs: found many, expected a whole number from 1 to 100'],
    ['--workload W9', '--workload: found W9, expected W1, W2, W3, W4, W5, W5C, W6'],
  ])('refuses "%s" with what was found and what was expected', (line, message) => expect(refusal(line)).toBe(message));

  it('refuses an option that nobody knows and names those there are', () => expect(refusal('--grwoth')).toMatch(/^Unknown option '--grwoth'; expected --workload, .*--growth, /));

  it('refuses an option without its value', () => expect(refusal('--growth --runs')).toMatch(/^Option '--runs <value>' argument missing; expected /));

  it('tells every command and every option in its manual', () => {
    const text = manual(COMMANDS);
    const names = COMMANDS.flatMap(({ name, options }) => [name, ...Object.keys(options)]);
    expect(names.filter((name) => !text.includes(`--${name}`))).toEqual([]);
  });
});
