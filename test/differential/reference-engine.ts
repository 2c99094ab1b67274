import jsonRulesEngine, { type TopLevelCondition } from 'json-rules-engine';
import type { JsonValue } from '../../src/event/stream-event.js';

/**
 * What json-rules-engine says of a condition: true, false, or that its run fails. An engine for each run, and one run at a
 * time: overlapping runs of one engine lose rules.
 */
export async function referenceAnswer(condition: JsonValue, facts: Readonly<Record<string, JsonValue>>, named: Readonly<Record<string, JsonValue>> = {}): Promise<boolean | 'fails'> {
  try {
    const engine = new jsonRulesEngine.Engine([], { allowUndefinedFacts: true });
    for (const [name, inner] of Object.entries(named)) engine.setCondition(name, topLevel(inner));
    engine.addRule({ conditions: topLevel(condition), event: { type: 'hit' } });
    const { events } = await engine.run(structuredClone(facts));
    return events.length > 0;
  } catch {
    return 'fails';
  }
}

/** Its rules begin with a boolean node. */
function topLevel(condition: JsonValue): TopLevelCondition {
  return { all: [structuredClone(condition)] } as unknown as TopLevelCondition;
}
