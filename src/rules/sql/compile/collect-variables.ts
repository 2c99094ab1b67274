import type { SqlVariable } from './sql-names.js';
import type { SqlProblems } from '../sql-problem.js';
import type { PatternNode } from '../parse/sql-tree.js';

/** `{- X* -}` and `{- X*? -}`: events that may lie between, which are no part of the match. */
export interface Filler {
  readonly variable: PatternNode & { readonly kind: 'variable' };
  /** `X*`: any later event of what follows will do too */
  readonly any: boolean;
}

export function fillerOf(node: PatternNode): Filler | null {
  if (node.kind !== 'exclude' || node.of.kind !== 'quantified') return null;
  const { of, min, max, greedy } = node.of;
  return of.kind === 'variable' && min === 0 && max === Infinity ? { variable: of, any: greedy } : null;
}

/** The variables of a pattern in the order of its text; each may stand in it once. */
export function collectVariables(pattern: PatternNode, problems: SqlProblems): Map<string, SqlVariable> {
  const variables = new Map<string, SqlVariable>();
  const visit = (node: PatternNode, kept: boolean): void => {
    switch (node.kind) {
      case 'variable':
        if (variables.has(node.name)) problems.add('sql.unsupported', node.at, `found ${node.name} a second time in the pattern; expected each variable once: give the second another name and the same condition`);
        else variables.set(node.name, { name: node.name, index: variables.size, kept });
        return;
      case 'sequence':
      case 'permute':
      case 'alternation':
        for (const part of node.parts) visit(part, kept);
        return;
      case 'exclude':
        visit(node.of, kept && fillerOf(node) === null);
        return;
      case 'quantified':
        visit(node.of, kept);
        return;
      case 'absent':
        visit(node.of, false);
    }
  };
  visit(pattern, true);
  return variables;
}

export function hasAbsence(node: PatternNode): boolean {
  if (node.kind === 'absent') return true;
  if ('parts' in node) return node.parts.some(hasAbsence);
  return 'of' in node && hasAbsence(node.of);
}
