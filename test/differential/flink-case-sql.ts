import type { Aggregate, Condition, FlinkCase, FlinkStage } from '../conformance/flink-case.js';

/** A case as an SQL text; `skip: none` has no word in SQL. */
export interface SqlCase {
  readonly sql: string;
  readonly skipNone: boolean;
}

const OPS = { gt: '>', ge: '>=', lt: '<', le: '<=', eq: '=' } as const;

/** Thrown for what SQL cannot say. */
class NotSql extends Error {}

/**
 * Writes a case of the conformance set as `MATCH_RECOGNIZE`, with `{- -}` where it is not strict.
 * @returns null where the case asks for what SQL has no form for
 */
export function sqlOfCase({ pattern }: FlinkCase): SqlCase | null {
  try {
    const writer = new CaseWriter();
    const text = writer.sequence(pattern.stages, null);
    if (isGreedyAtEnd(pattern.stages) || pattern.stages.every(mayBeEmpty)) return null;
    // a case without a limit of time gets one that nothing reaches: we refuse patterns that wait for ever
    const within = pattern.withinMs === undefined ? `INTERVAL '1000' DAY` : `INTERVAL '${pattern.withinMs / 1_000}' SECOND`;
    const { skip } = pattern;
    const after = skip === undefined || skip.to === 'next' ? 'TO NEXT ROW' : skip.to === 'pastLast' ? 'PAST LAST ROW' : `TO ${skip.to.toUpperCase()} ${skip.stage}`;
    const sql = `SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts AFTER MATCH SKIP ${after} PATTERN (${text}) WITHIN ${within} DEFINE ${writer.definitions.join(', ')})`;
    return { sql, skipNone: skip === undefined };
  } catch (error) {
    if (error instanceof NotSql) return null;
    throw error;
  }
}

function isGreedyAtEnd(stages: readonly FlinkStage[]): boolean {
  const last = stages[stages.length - 1] as FlinkStage;
  return last.greedy === true && last.times !== undefined && last.times.max !== last.times.min;
}

function mayBeEmpty({ optional, times, group }: FlinkStage): boolean {
  return optional === true || times?.min === 0 || (group?.every(mayBeEmpty) ?? false);
}

class CaseWriter {
  readonly definitions: string[] = [];
  private readonly loops = new Set<string>();
  private fillers = 0;

  sequence(stages: readonly FlinkStage[], loopOf: string | null): string {
    let text = '';
    let nots: Condition[] = [];
    for (const [i, stage] of stages.entries()) {
      if (stage.follow === 'notNext' || (stage.follow === 'notFollowedBy' && (i === 0 || i === stages.length - 1))) throw new NotSql('not');
      if (stage.follow === 'notFollowedBy') {
        nots.push(stage.where as Condition);
        continue;
      }
      text += `${i === 0 ? '' : this.between(stage, nots)}${this.stage(stage, i === 0 && loopOf !== null)} `;
      nots = [];
    }
    return text.trim();
  }

  private between(stage: FlinkStage, nots: readonly Condition[]): string {
    if (stage.follow === 'next') {
      if (nots.length > 0) throw new NotSql('not before next');
      return '';
    }
    const name = `between${this.fillers++}`;
    if (nots.length > 0) this.definitions.push(`${name} AS ${nots.map((not) => `(${this.condition(not, name)}) IS NOT TRUE`).join(' AND ')}`);
    return `{- ${name}${stage.follow === 'followedByAny' ? '*' : '*?'} -} `;
  }

  private stage(stage: FlinkStage, headOfLoop: boolean): string {
    const { times } = stage;
    if (stage.until !== undefined || stage.withinMs !== undefined || stage.withinPreviousMs !== undefined || times?.gapMs !== undefined) throw new NotSql('limit of a stage');
    if (times !== undefined && (stage.inner !== 'strict' || headOfLoop)) throw new NotSql('loop that is not strict');
    if (times !== undefined && stage.name !== undefined) this.loops.add(stage.name);
    if (stage.name !== undefined) this.definitions.push(`${stage.name} AS ${this.condition(stage.where as Condition, stage.name)}`);
    const of = stage.group === undefined ? (stage.name as string) : `(${this.sequence(stage.group, times === undefined ? null : 'loop')})`;
    const counted = times === undefined ? of : `${of}{${times.min},${times.max ?? ''}}${stage.greedy === true || times.min === times.max ? '' : '?'}`;
    return stage.optional === true ? `${counted === of ? of : `(${counted})`}?` : counted;
  }

  private condition(condition: Condition, own: string): string {
    const parts: string[] = [];
    const { type, types, contains, n, all, nThanLast, sumWithOwn, sumOf, countOf } = condition;
    if (type !== undefined) parts.push(`type = '${type}'`);
    if (types !== undefined) parts.push(`type IN (${types.map((text) => `'${text}'`).join(', ')})`);
    if (contains !== undefined) parts.push(`type LIKE '%${contains}%'`);
    for (const [op, v] of Object.entries(n ?? {})) parts.push(`n ${OPS[op as keyof typeof OPS]} ${v}`);
    for (const part of all ?? []) parts.push(this.condition(part, own));
    if (nThanLast !== undefined) parts.push(`n ${OPS[nThanLast.op]} LAST(${nThanLast.stage}.n${nThanLast.stage === own ? ', 1' : ''})`);
    if (sumWithOwn !== undefined) parts.push(`${this.sum(sumWithOwn, own, '')}${sumWithOwn.stage === own ? '' : ' + n'} ${OPS[sumWithOwn.op]} ${sumWithOwn.v}`);
    if (sumOf !== undefined) parts.push(`${this.sum(sumOf, own, ' - n')} ${OPS[sumOf.op]} ${sumOf.v}`);
    if (countOf !== undefined) parts.push(`COUNT(${countOf.stage}.*)${countOf.stage === own ? ' - 1' : ''} ${OPS[countOf.op]} ${countOf.v}`);
    return parts.length === 0 ? 'TRUE' : parts.join(' AND ');
  }

  /** The sum of no events is NULL in SQL and 0 in the cases. */
  private sum({ stage }: Aggregate, own: string, withoutOwn: string): string {
    if (stage === own) return `SUM(${stage}.n)${withoutOwn}`;
    return `CASE WHEN COUNT(${stage}.*) = 0 THEN 0 ELSE SUM(${stage}.n) END`;
  }
}
