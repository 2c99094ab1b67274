import { ApiError } from '../../api/api-error.js';
import type { SimulationRequest, SimulationResult, Simulator } from '../../api/ports.js';
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
    try {
      const driver = new RuleTestDriver({ rules: [{ document: request.rule }], lists: request.lists, ...(sources === undefined || names.length === 0 ? { disorderMs: disorder ?? 0 } : { sources }) });
      request.events.forEach((event, i) => {
        const refused = driver.side.length;
        driver.push(event, sourceFor(event, names));
        const side = driver.side[refused];
        if (side?.kind === 'dead') throw new ApiError(422, side.code, side.message, `/events/${i}`);
      });
      const partialMatches = driver.partialMatches() as unknown as JsonValue[];
      driver.finish();
      if (request.advanceTo !== null) driver.advanceTo(request.advanceTo);
      const late = driver.side.filter(({ kind }) => kind === 'late').map(({ source, partition, offset, message }) => ({ source, partition, index: offset, message }));
      return { alerts: driver.alerts as unknown as JsonValue[], explanations: [], partialMatches, late };
    } catch (error) {
      if (error instanceof EngineError) throw new ApiError(422, error.code, error.message);
      throw error;
    }
  }
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
