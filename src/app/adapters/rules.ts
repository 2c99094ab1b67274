import { ApiError } from '../../api/api-error.js';
import type { Caller, Page, PageRequest, Precondition, RuleAction, RuleCatalogue as RulePort, RuleFilter, RuleValidation, RuleValidator, RuleVersionView, RuleView, Stored } from '../../api/ports.js';
import { runRuleTests, type RuleTestResult } from '../../engine/testing/run-rule-tests.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { RuleCatalogue } from '../../persistence/catalogue/rule-catalogue.js';
import type { SourceCatalogue } from '../../persistence/catalogue/source-catalogue.js';
import { judgeRule, type JudgeOptions, type RuleJudgement } from '../../rules/judge-rule.js';
import { readRule } from '../../rules/read-rule.js';
import { declaredFields, sourceSchema, type SourceDefinition } from '../../rules/source-schema.js';
import { sourceFacts } from '../../rules/source-facts.js';
import { asApi } from './errors.js';
import type { TopicRetention } from './topic-retention.js';

/** So long may the tests inside one document run, ms: they hold up everything else that the process does. */
const TESTS_MAX_MS = 2_000;

interface Finding {
  readonly code: string;
  readonly pointer: string;
  readonly message: string;
}

/** Judges rules as publication does: the document, the sources it names, whether the engine can run it, what it can cost, and its own tests. */
export class ValidatorAdapter implements RuleValidator {
  /**
   * @param rules tells the version that runs now: what a new one does to its state is said beforehand
   * @param retention tells how long the sources keep their events
   */
  constructor(
    private readonly sources: Pick<SourceCatalogue, 'get'>,
    private readonly rules: Pick<RuleCatalogue, 'get'> | null = null,
    private readonly retention: TopicRetention | null = null,
  ) {}

  async validate(document: JsonValue): Promise<RuleValidation> {
    const { judgement, missing, definitions } = await this.judge(document);
    const { bounds } = judgement;
    const tests = testFindings(document, judgement, definitions);
    const findings = [...judgement.problems, ...tests.problems];
    const absent = missing.map((name) => ({ code: 'source.not-found', pointer: '/from', message: `there is no source ${name} yet: declare it before the rule is activated` }));
    return {
      valid: findings.length === 0,
      problems: findings.map(findingOf),
      warnings: [...judgement.warnings, ...tests.warnings, ...absent].map(findingOf),
      stateBound: bounds === null ? null : (bounds.state as unknown as JsonValue),
      cost: bounds === null ? null : ({ ...bounds.cost, index: bounds.index } as unknown as JsonValue),
    };
  }

  /** @throws ApiError 409 `rule.tests-failed` where the tests inside a document fail or take too long */
  async requireTests(document: JsonValue): Promise<void> {
    const { judgement, definitions } = await this.judge(document);
    const { problems, warnings } = testFindings(document, judgement, definitions);
    const [first] = [...problems, ...warnings];
    if (first !== undefined) throw new ApiError(409, 'rule.tests-failed', first.message, first.pointer, { problems: [...problems, ...warnings].map(findingOf) });
  }

  private async judge(document: JsonValue): Promise<{ judgement: RuleJudgement; missing: readonly string[]; definitions: readonly SourceDefinition[] }> {
    const { definitions, missing } = await this.definitionsOf(document);
    const known = missing.length === 0;
    // the types and the fields of signals are what other rules choose
    const declaredAll = known && !sourcesOf(document).includes('signals');
    const types = declaredAll ? sourceFacts(definitions) : {};
    const retentionMs = await this.retention?.shortest(definitions.map(({ topic }) => topic));
    const sources = { ...types, ...(retentionMs == null ? {} : { retentionMs }) };
    const judgement = judgeRule(document, { declared: declaredAll ? declaredFields(definitions) : null, sources, running: await this.running(document) });
    return { judgement, missing, definitions };
  }

  private async running(document: JsonValue): Promise<NonNullable<JudgeOptions['running']> | null> {
    const id = document !== null && typeof document === 'object' && !Array.isArray(document) ? (document as { readonly id?: JsonValue }).id : undefined;
    if (this.rules === null || typeof id !== 'string') return null;
    const { rules } = this;
    const live = (await asApi(() => rules.get(id)))?.live ?? null;
    const rule = live === null || live.status === 'shadow' ? null : readRule(live.rule);
    return live === null || rule === null ? null : { version: live.version, rule };
  }

  /** Declarations of the sources that a rule names, as far as there are any. */
  async definitionsOf(document: JsonValue): Promise<{ readonly definitions: readonly SourceDefinition[]; readonly missing: readonly string[] }> {
    const definitions: SourceDefinition[] = [];
    const missing: string[] = [];
    for (const name of sourcesOf(document)) {
      if (name === 'signals') continue;
      const row = await asApi(() => this.sources.get(name));
      if (row === null) missing.push(name);
      else definitions.push(sourceSchema.parse(row.definition));
    }
    return { definitions, missing };
  }
}

function sourcesOf(document: JsonValue): string[] {
  if (document === null || typeof document !== 'object' || Array.isArray(document)) return [];
  const { from } = document as { readonly from?: JsonValue };
  const names = Array.isArray(from) ? from : [from];
  return [...new Set(names.filter((name): name is string => typeof name === 'string'))].slice(0, 100);
}

/** Tests that fail are problems; those that there was no time for are a warning, which activation takes for a problem. */
function testFindings(document: JsonValue, { resolved }: RuleJudgement, definitions: readonly SourceDefinition[]): { readonly problems: Finding[]; readonly warnings: Finding[] } {
  if (resolved === undefined || resolved.tests.length === 0) return { problems: [], warnings: [] };
  const names = sourcesOf(document).filter((name) => name !== 'signals');
  const sources = definitions.length === names.length ? Object.fromEntries(definitions.map((definition, i) => [names[i] as string, definition as unknown as JsonValue])) : {};
  const deadline = performance.now() + TESTS_MAX_MS;
  const results = runRuleTests(document, resolved, { sources, outOfTime: () => performance.now() > deadline });
  const found = (outcome: RuleTestResult['outcome'], tell: (result: RuleTestResult) => Omit<Finding, 'pointer'>): Finding[] =>
    results.flatMap((result, i) => (result.outcome === outcome ? [{ pointer: `/tests/${i}`, ...tell(result) }] : []));
  return {
    problems: found('failed', ({ name, differences }) => ({ code: 'rule.tests-failed', message: `the test "${name}" fails: ${differences.join('; ')}` })),
    warnings: found('unfinished', ({ name }) => ({ code: 'rule.tests-unfinished', message: `the test "${name}" was not run to its end: the tests of a rule may take ${TESTS_MAX_MS} ms together` })),
  };
}

const findingOf = ({ code, pointer, message }: Finding): { code: string; pointer: string; detail: string } => ({ code, pointer, detail: message });

/** Rules over the catalogue; a version is put to work only when its sources are there. */
export class RuleAdapter implements RulePort {
  constructor(
    private readonly catalogue: RuleCatalogue,
    private readonly validator: ValidatorAdapter,
  ) {}

  list(filter: RuleFilter, page: PageRequest): Promise<Page<RuleView>> {
    return asApi(() => this.catalogue.list(filter, page));
  }

  get(id: string): Promise<RuleView | null> {
    return asApi(() => this.catalogue.get(id));
  }

  version(id: string, version: number): Promise<RuleVersionView | null> {
    return asApi(() => this.catalogue.version(id, version));
  }

  create(id: string, rule: JsonValue, caller: Caller): Promise<RuleView> {
    return asApi(() => this.catalogue.create(id, rule, caller));
  }

  put(id: string, rule: JsonValue, precondition: Precondition, caller: Caller): Promise<Stored<RuleView>> {
    return asApi(() => this.catalogue.put(id, rule, precondition, caller));
  }

  async transition(id: string, version: number, action: RuleAction, precondition: Precondition, caller: Caller): Promise<RuleView> {
    if (action === 'activate' || action === 'shadow' || action === 'resume') await this.requireSources(id, version);
    if (action === 'activate' || action === 'shadow') await this.requireTests(id, version);
    return asApi(() => this.catalogue.transition(id, version, action, precondition, caller));
  }

  private async requireTests(id: string, version: number): Promise<void> {
    const found = await this.version(id, version);
    if (found !== null) await this.validator.requireTests(found.rule);
  }

  private async requireSources(id: string, version: number): Promise<void> {
    const found = await this.version(id, version);
    if (found === null) return;
    const { missing } = await this.validator.definitionsOf(found.rule);
    if (missing.length > 0) throw new ApiError(409, 'source.not-found', `rule ${id} reads ${missing.join(', ')}, which ${missing.length === 1 ? 'is no source' : 'are no sources'}: declare with PUT /api/v1/sources/${missing[0]}`, '/from');
  }
}
