import type { SlotLayout } from '../../event/slot-layout.js';
import { compileRule, type CompiledRule, type RuleEnvironment } from '../../rules/compile-rule.js';
import type { Observer } from '../explain/observation.js';
import { observeRule } from '../explain/observe-rule.js';
import type { ControlState, LiveRule } from '../control/control-state.js';

/** Compiles the live rules of a task, each version once. */
export class RuleCompiler {
  private readonly known = new Map<string, { readonly live: LiveRule; readonly compiled: CompiledRule }>();

  constructor(
    private readonly layout: SlotLayout,
    private readonly control: ControlState,
    private readonly options: { readonly fast?: boolean; readonly observer?: Observer },
  ) {}

  compile(live: LiveRule): CompiledRule {
    const id = `${live.ruleId}@${live.version}`;
    const known = this.known.get(id);
    if (known !== undefined && known.live.rule === live.rule) return known.compiled;
    const { observer, fast = true } = this.options;
    // only the general matcher shows all that a partial match waits for
    const environment: RuleEnvironment = { layout: this.layout, lists: this.control.lists, fast: fast && observer === undefined, ownWindows: live.ownWindows };
    const plain = compileRule(live.rule, live.version, `${live.ruleId}@${live.epoch}`, environment);
    const compiled = observer === undefined ? plain : observeRule(plain, live.rule, environment, observer);
    this.known.set(id, { live, compiled });
    return compiled;
  }

  forgetRetired(): void {
    for (const id of this.known.keys()) if (!this.control.isLive(id)) this.known.delete(id);
  }
}
