import type { ProblemCode } from '../problem.js';
import { sqlLimits } from './limits.js';
import type { Place } from './parse/sql-tree.js';

/** Public codes of what is wrong with an SQL text; what is wrong with the rule that it stands for has the codes of rules. */
export type SqlProblemCode = 'sql.syntax' | 'sql.too-large' | 'sql.unsupported' | 'sql.unknown-variable' | 'sql.type' | 'sql.missing' | ProblemCode;

/** One thing that is wrong with a text, and where: line and column from 1. */
export interface SqlProblem extends Place {
  readonly code: SqlProblemCode;
  /** what was found, what was expected */
  readonly message: string;
}

/** Gathers problems and warnings of one text, bounded. */
export class SqlProblems {
  readonly list: SqlProblem[] = [];
  readonly warnings: SqlProblem[] = [];

  add(code: SqlProblemCode, at: Place, message: string): void {
    put(this.list, { code, message, line: at.line, column: at.column });
  }

  warn(code: SqlProblemCode, at: Place, message: string): void {
    put(this.warnings, { code, message, line: at.line, column: at.column });
  }

  get any(): boolean {
    return this.list.length > 0;
  }
}

function put(list: SqlProblem[], problem: SqlProblem): void {
  const same = (other: SqlProblem): boolean => other.code === problem.code && other.message === problem.message && other.line === problem.line && other.column === problem.column;
  if (list.length < sqlLimits.problemsMax && !list.some(same)) list.push(problem);
}
