import { ApiError } from '../../api/api-error.js';
import type { Caller, PackRuleOutcome, PackRuleView, PackWish, RuleCatalogue, RuleFinding, RulePacks, RulePackView, RuleValidator, RuleView, SourceCatalogue } from '../../api/ports.js';
import type { JsonValue } from '../../event/stream-event.js';
import { listRulePack, readingFrom, readRulePack, rulePackNames, type PackDocument, type PackRule } from '../rule-pack.js';

/** Where the rules of a pack go, and what judges them on the way. */
export interface PackTargets {
  readonly rules: Pick<RuleCatalogue, 'get' | 'create' | 'transition'>;
  readonly sources: Pick<SourceCatalogue, 'get'>;
  readonly validator: RuleValidator;
}

/** The shipped packs, read once, and put into a catalogue by the same steps as rules that are posted. */
export class RulePackAdapter implements RulePacks {
  private readonly packs = new Map<string, readonly PackRule[]>();

  constructor(private readonly targets: PackTargets) {}

  async list(): Promise<readonly RulePackView[]> {
    return rulePackNames().map((name) => {
      const rules = this.read(name) ?? [];
      return { name, subjects: new Set(rules.map(({ file }) => file)).size, rules: rules.length };
    });
  }

  async rules(pack: string): Promise<readonly PackRuleView[] | null> {
    const rules = this.read(pack);
    return rules === null ? null : listRulePack(rules);
  }

  async rule(pack: string, id: string, source: string | null): Promise<JsonValue> {
    const found = this.read(pack)?.find((rule) => rule.id === id)?.document ?? null;
    return found === null || source === null ? found : readingFrom(found, source);
  }

  async load(pack: string, wish: PackWish, caller: Caller): Promise<readonly PackRuleOutcome[] | null> {
    const rules = this.read(pack);
    if (rules === null) return null;
    const chosen = chosenOf(pack, rules, wish.rules);
    if ((await this.targets.sources.get(wish.source)) === null) {
      throw new ApiError(422, 'source.not-found', `there is no source ${JSON.stringify(wish.source)}: declare it with PUT /api/v1/sources/{name} before rules read it`, '/source');
    }
    const outcomes: PackRuleOutcome[] = [];
    for (const { document } of chosen) outcomes.push(await this.loadOne(wishedDocument(document, wish), wish.activate, caller));
    return outcomes;
  }

  private async loadOne(document: PackDocument, activate: boolean, caller: Caller): Promise<PackRuleOutcome> {
    const { id } = document;
    const { rules, validator } = this.targets;
    const known = await rules.get(id);
    if (known !== null) return this.loadKnown(known, document, activate, caller);
    const { problems } = await validator.validate(document);
    if (problems.length > 0) return { id, outcome: 'refused', version: null, status: null, problems };
    try {
      return await this.activated('created', await rules.create(id, document, caller), activate, caller);
    } catch (error) {
      // somebody else has just put a rule of this id
      const other = error instanceof ApiError && error.code === 'rule.exists' ? await rules.get(id) : null;
      if (other === null) throw error;
      return this.loadKnown(other, document, activate, caller);
    }
  }

  private async loadKnown(known: RuleView, document: PackDocument, activate: boolean, caller: Caller): Promise<PackRuleOutcome> {
    const problems = differences(known.latest.rule as PackDocument, document);
    if (problems.length === 0) return this.activated('unchanged', known, activate, caller);
    return { id: known.id, outcome: 'differs', version: known.latest.version, status: known.latest.status, problems };
  }

  /** Only a draft is put to work: whoever paused, retired or shadowed a version meant it. */
  private async activated(outcome: 'created' | 'unchanged', { id, latest: { version, status } }: RuleView, activate: boolean, caller: Caller): Promise<PackRuleOutcome> {
    if (!activate || status !== 'draft') return { id, outcome, version, status, problems: [] };
    try {
      const { latest } = await this.targets.rules.transition(id, version, 'activate', null, caller);
      return { id, outcome, version, status: latest.version === version ? latest.status : 'active', problems: [] };
    } catch (error) {
      if (!(error instanceof ApiError) || error.status >= 500) throw error;
      return { id, outcome, version, status, problems: [{ code: error.code, pointer: error.pointer ?? '', detail: error.detail }] };
    }
  }

  private read(pack: string): readonly PackRule[] | null {
    const known = this.packs.get(pack);
    // a name becomes part of a path only where it is that of a folder
    if (known !== undefined || !rulePackNames().includes(pack)) return known ?? null;
    const rules = readRulePack({ pack });
    this.packs.set(pack, rules);
    return rules;
  }
}

/** @throws ApiError 422 `rule-pack.unknown-rule` */
function chosenOf(pack: string, rules: readonly PackRule[], ids: readonly string[] | null): readonly PackRule[] {
  if (ids === null) return rules;
  const unknown = ids.findIndex((id) => !rules.some((rule) => rule.id === id));
  if (unknown >= 0) throw new ApiError(422, 'rule-pack.unknown-rule', `the pack ${pack} has no rule ${JSON.stringify(ids[unknown])}: GET /api/v1/rule-packs/${pack} lists them`, `/rules/${unknown}`);
  return rules.filter(({ id }) => ids.includes(id));
}

function wishedDocument(shipped: PackDocument, { source, prefix, tests }: PackWish): PackDocument {
  const { tests: own, ...document } = readingFrom(shipped, source);
  return { ...document, id: `${prefix}${shipped.id}`, ...(tests && own !== undefined ? { tests: own } : {}) };
}

/** One finding for each member of a rule that is there whose text is another than in the pack; the order of members says nothing. */
function differences(there: PackDocument, shipped: PackDocument): RuleFinding[] {
  const names = [...new Set([...Object.keys(there), ...Object.keys(shipped)])];
  return names.filter((name) => JSON.stringify(there[name]) !== JSON.stringify(shipped[name])).map((name) => ({
    code: 'rule.differs',
    pointer: `/${name}`,
    detail: `${nameOf(name, there, shipped)}; the rule was left as it is`,
  }));
}

function nameOf(name: string, there: PackDocument, shipped: PackDocument): string {
  if (!(name in there)) return `the rule that is there has no ${name}, that of the pack has`;
  return name in shipped ? `${name} is another than in the pack` : `the rule that is there has ${name}, that of the pack has none`;
}
