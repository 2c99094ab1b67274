import { ApiError } from '../../api/api-error.js';
import type { Caller, Page, PageRequest, Precondition, RuleAction, RuleCatalogue as RulePort, RuleFilter, RuleValidation, RuleValidator, RuleVersionView, RuleView, Stored } from '../../api/ports.js';
import { EngineError } from '../../event/engine-error.js';
import { SlotLayout } from '../../event/slot-layout.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { RuleCatalogue } from '../../persistence/catalogue/rule-catalogue.js';
import type { SourceCatalogue } from '../../persistence/catalogue/source-catalogue.js';
import { compileRule } from '../../rules/compile-rule.js';
import { NO_LISTS } from '../../rules/list-store.js';
import type { Problem } from '../../rules/problem.js';
import type { ResolvedRule } from '../../rules/rule.js';
import { declaredFields, sourceSchema, type SourceDefinition } from '../../rules/source-schema.js';
import { validateRule } from '../../rules/validate-rule.js';
import { asApi } from './errors.js';

/** Judges rules as publication does: the document, the sources it names, and whether the engine can compile it. */
export class ValidatorAdapter implements RuleValidator {
  constructor(private readonly sources: SourceCatalogue) {}

  async validate(document: JsonValue): Promise<RuleValidation> {
    const { definitions, missing } = await this.definitionsOf(document);
    const { resolved, problems, warnings } = validateRule(document, { declared: missing.length > 0 ? null : declaredFields(definitions) });
    const findings = [...problems, ...(resolved === undefined ? [] : compileProblems(resolved))];
    const absent = missing.map((name) => ({ code: 'source.not-found', pointer: '/from', message: `there is no source ${name} yet: declare it before the rule is activated` }));
    return { valid: findings.length === 0, problems: findings.map(findingOf), warnings: [...warnings, ...absent].map(findingOf), stateBound: null, cost: null };
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

function compileProblems(rule: ResolvedRule): { code: string; pointer: string; message: string }[] {
  try {
    compileRule(rule, 1, rule.id, { layout: new SlotLayout(), lists: NO_LISTS });
    return [];
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return [{ code: error.code, pointer: String(error.details['pointer'] ?? ''), message: String(error.details['message'] ?? error.message) }];
  }
}

const findingOf = ({ code, pointer, message }: Problem | { code: string; pointer: string; message: string }): { code: string; pointer: string; detail: string } => ({ code, pointer, detail: message });

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
    return asApi(() => this.catalogue.transition(id, version, action, precondition, caller));
  }

  private async requireSources(id: string, version: number): Promise<void> {
    const found = await this.version(id, version);
    if (found === null) return;
    const { missing } = await this.validator.definitionsOf(found.rule);
    if (missing.length > 0) throw new ApiError(409, 'source.not-found', `rule ${id} reads ${missing.join(', ')}, which ${missing.length === 1 ? 'is no source' : 'are no sources'}: declare with PUT /api/v1/sources/${missing[0]}`, '/from');
  }
}
