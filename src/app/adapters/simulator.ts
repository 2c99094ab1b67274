import { ApiError } from '../../api/api-error.js';
import type { SimulationRequest, SimulationResult, Simulator } from '../../api/ports.js';
import { explainEvents, type GivenEvent } from '../../engine/explain/event-explanations.js';
import { EngineError } from '../../event/engine-error.js';
import type { JsonValue } from '../../event/stream-event.js';
import { RuleTestDriver } from '../../engine/testing/rule-test-driver.js';
import { parseDuration } from '../../rules/duration.js';
import type { ValidatorAdapter } from './rules.js';

/** Runs a rule over given events in an engine of its own, with the declared sources as they are. */
export class SimulatorAdapter implements Simulator {
  constructor(private readonly validator: ValidatorAdapter) {}

  async simulate(request: SimulationRequest): Promise<SimulationResult> {
    const { definitions, missing } = await this.validator.definitionsOf(request.rule);
    const disorder = request.disorder === null ? undefined : (parseDuration(request.disorder) ?? undefined);
    const names = sourceNames(request.rule);
    const sources = missing.length > 0 ? undefined : Object.fromEntries(definitions.map((definition, i) => [names[i] as string, { ...definition, startFrom: 'earliest', ...(disorder === undefined ? {} : { disorder }) } as unknown as JsonValue]));
    const options = { rules: [{ document: request.rule }], lists: request.lists, ...(sources === undefined || names.length === 0 ? { disorderMs: disorder ?? 0 } : { sources }) };
    try {
      const driver = run(new RuleTestDriver(options), request, names);
      const partialMatches = driver.partialMatches as unknown as JsonValue[];
      const { alerts, side } = driver.ended;
      // what is explained is explained in a second run: the first is as in a task, where events that cannot matter are not looked at
      const { ended } = run(new RuleTestDriver({ ...options, observe: true }), request, names);
      const late = side.filter(({ kind }) => kind === 'late').map(({ source, partition, offset, message }) => ({ source, partition, index: offset, message }));
      return { alerts: alerts as unknown as JsonValue[], explanations: explainEvents(driver.given, ended.observations, ended.alerts, ended.side), partialMatches, late };
    } catch (error) {
      if (error instanceof EngineError) throw new ApiError(422, error.code, error.message);
      throw error;
    }
  }
}

/** What was half matched after the last event, and the driver once all was over. */
interface Run {
  readonly partialMatches: readonly JsonValue[];
  readonly given: readonly GivenEvent[];
  readonly ended: RuleTestDriver;
}

function run(driver: RuleTestDriver, { events, advanceTo }: SimulationRequest, names: readonly string[]): Run {
  const given: GivenEvent[] = [];
  const next = new Map<string, number>();
  events.forEach((event, i) => {
    const refused = driver.side.length;
    const source = sourceFor(event, names) ?? (driver.sources[0] as string);
    const offset = next.get(source) ?? 0;
    next.set(source, offset + 1);
    given.push({ source, offset });
    driver.push(event, source);
    const side = driver.side[refused];
    if (side?.kind === 'dead') throw new ApiError(422, side.code, side.message, `/events/${i}`);
  });
  const partialMatches = driver.partialMatches();
  driver.finish();
  if (advanceTo !== null) driver.advanceTo(advanceTo);
  return { partialMatches, given, ended: driver };
}

function sourceNames(rule: JsonValue): string[] {
  const { from } = rule as { readonly from?: JsonValue };
  return (Array.isArray(from) ? from : [from]).filter((name): name is string => typeof name === 'string' && name !== 'signals');
}

/** An event may name its source where the rule reads several. */
function sourceFor(event: JsonValue, names: readonly string[]): string | undefined {
  const named = event !== null && typeof event === 'object' && !Array.isArray(event) ? (event as { readonly source?: JsonValue }).source : undefined;
  return typeof named === 'string' && names.includes(named) ? named : names[0];
}
