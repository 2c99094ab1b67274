import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';

/** The command as the sources have it, without a build. */
function run(input: string, ...args: string[]) {
  const node = ['--experimental-transform-types', '--disable-warning=ExperimentalWarning', '--import', './test/conformance/resolve-ts.mjs', 'src/app/cli.ts'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...node, 'import', ...args], { input, encoding: 'utf8' });
  return { status, stdout, stderr };
}

const sigma = `
title: Failed logon
name: failed
logsource: {product: windows, service: security}
detection:
  selection:
    EventID: '4625'
  condition: selection
---
title: many-failed
correlation:
  type: event_count
  rules: [failed, unheard-of]
  group-by: [Host]
  timespan: 10m
  condition: {gte: 10}
`;

describe('vigil import', () => {
  it('writes rules to stdout and what did not fit to stderr', () => {
    const { status, stdout, stderr } = run(sigma, '--from', 'sigma', '-');
    const condition = { fact: 'EventID', operator: 'equalsIgnoreCase', value: '4625' };
    expect([status, JSON.parse(stdout)]).toEqual([
      0,
      {
        id: 'many-failed',
        name: 'many-failed',
        from: 'windows-security',
        key: 'Host',
        let: { inWindow: { count: true, window: '10m', of: condition } },
        when: { all: [condition, { fact: 'inWindow', operator: 'greaterThanInclusive', value: 10 }] },
        policy: { fire: { once: '10m' } },
      },
    ]);
    expect(stderr).toBe('vigil: many-failed /correlation/rules: left out: the rule "unheard-of" is not here\nvigil: 1 rule imported, 1 note\n');
  });

  it('takes source, key and id where the language has none', () => {
    const graph = { name: 'g', nodes: [{ name: 'a', condition: { type: 'AVIATOR', expression: 'x > 1' } }], edges: [], window: null, afterMatchStrategy: { type: 'SKIP_PAST_LAST_EVENT' } };
    expect(JSON.parse(run(JSON.stringify(graph), '--from', 'flink', '--id', 'mine', '--source', 'web', '--key', 'user', '--key', 'shop', '-').stdout)).toEqual({
      id: 'mine',
      from: 'web',
      key: ['user', 'shop'],
      pattern: { stages: [{ as: 'a', where: { cel: 'x > 1' } }], edge: 'exclusive' },
    });
    expect(JSON.parse(run('sequence with maxspan=1m [a where true] [b where true]', '--from', 'eql', '--id', 'mine', '--source', 'web', '--key', 'user', '-').stdout)).toMatchObject({ id: 'mine', from: 'web', key: ['user'] });
  });

  it('ends with status 1 for what is no rule', () => {
    const answers = [run('{', '--from', 'flink', '-'), run('a: [', '--from', 'sigma', '-'), run('SELECT', '--from', 'sql', '-'), run('', '--from', 'cobol', '-')];
    expect(answers.map(({ status }) => status)).toEqual([1, 1, 1, 1]);
    expect(answers.map(({ stderr }) => stderr.split('\n')[0])).toEqual([
      expect.stringContaining('vigil: -: not JSON'),
      expect.stringContaining('vigil: -: not YAML'),
      'vigil: line 1, column 7: found the end of the text; expected one of "*", a name',
      "error: option '--from <language>' argument 'cobol' is invalid. Allowed choices are eql, flink, sigma, sql.",
    ]);
  });
});
