import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { readRulePack } from '../../src/app/rule-pack.js';
import { RuleTestDriver, type DrivenAlert } from '../../src/engine/testing/rule-test-driver.js';
import type { JsonValue } from '../../src/event/stream-event.js';

const WINDOWS = ['1d', '7d', '30d'];
/** The columns compared, each with the error allowed. Counts agree exactly. */
export const COLUMNS: readonly { readonly name: string; readonly error: number }[] = WINDOWS.flatMap((window) => [
  { name: `customerCount${window}`, error: 0 },
  { name: `customerAvg${window}`, error: 1e-6 },
  { name: `terminalCount${window}`, error: 0 },
  { name: `terminalRisk${window}`, error: 1e-6 },
]);

/** Events handed in at once. */
const BATCH = 500;
/** Differences shown of one column. */
const SHOWN = 3;

export interface HandbookResult {
  readonly rowsCompared: number;
  readonly rowsSwapped: number;
  readonly eventsPerSecond: number;
  readonly keys: number;
  readonly stateBytes: number;
  /** by column: what differs, the first few; empty where every compared row agrees */
  readonly differences: ReadonlyMap<string, readonly string[]>;
}

/**
 * Runs card traffic through the two feature rules and compares what their alerts say of each transaction with the published features.
 * Transactions without a row of features are warm-up.
 * @param maxEvents stop after so many transactions
 */
export async function runHandbook(directory: string, maxEvents = Infinity): Promise<HandbookResult> {
  const driver = new RuleTestDriver({ rules: readRulePack({ pack: 'card-features' }).map(({ document }) => document) });
  const comparison = new Comparison();
  const features = rowsOf(join(directory, 'features.csv.gz'));
  let awaited = await features.next();
  let events = 0;
  let batch: JsonValue[] = [];
  let inEngineMs = 0;
  const run = async (): Promise<void> => {
    const began = performance.now();
    const alerts = driver.pushAll(batch);
    inEngineMs += performance.now() - began;
    const facts = factsByEvent(alerts);
    for (const event of batch) {
      const { id } = event as { readonly id: string };
      if (awaited.done === true || awaited.value['tx'] !== id) continue;
      comparison.row(awaited.value, facts.get(id) ?? {});
      awaited = await features.next();
    }
    driver.alerts.length = driver.written.length = 0;
    batch = [];
  };
  for await (const row of rowsOf(join(directory, 'transactions.csv.gz'))) {
    if (events++ >= maxEvents) break;
    batch.push(eventOf(row));
    if (batch.length === BATCH) await run();
  }
  await run();
  if (maxEvents === Infinity && awaited.done !== true) comparison.fail(`the features of transaction ${awaited.value['tx']} have no transaction, or not in this order`);
  await features.return(undefined);
  const { keys, bytes } = driver.measureState();
  return { ...comparison.result(), eventsPerSecond: Math.round((Math.min(events, maxEvents) / inEngineMs) * 1000), keys, stateBytes: bytes };
}

type Row = Readonly<Record<string, string>>;

async function* rowsOf(path: string): AsyncGenerator<Row, undefined> {
  const lines = createInterface({ input: createReadStream(path).pipe(createGunzip()), crlfDelay: Infinity });
  let names: readonly string[] | null = null;
  for await (const line of lines) {
    const values = line.split(',');
    if (names === null) names = values;
    else yield Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']));
  }
  return undefined;
}

function eventOf(row: Row): JsonValue {
  const { tx, ts, customer, terminal, amountMinor, fraud } = row as Record<'tx' | 'ts' | 'customer' | 'terminal' | 'amountMinor' | 'fraud', string>;
  return { id: tx, type: 'payment', ts: Number(ts), customer, terminal, amountMinor: Number(amountMinor), fraud: Number(fraud) };
}

type Facts = Readonly<Record<string, JsonValue>>;

/** Facts of the alerts of both rules, by the id of the event that set them off. */
function factsByEvent(alerts: readonly DrivenAlert[]): Map<string, Facts> {
  const facts = new Map<string, Facts>();
  for (const alert of alerts) {
    const id = alert.evidence[alert.evidence.length - 1]?.id ?? '';
    facts.set(id, { ...facts.get(id), ...alert.facts });
  }
  return facts;
}

class Comparison {
  private readonly differences = new Map<string, string[]>(COLUMNS.map(({ name }) => [name, []]));
  private rowsCompared = 0;
  private rowsSwapped = 0;

  row(published: Row, facts: Facts): void {
    if (published['tieSwapped'] === '1') {
      this.rowsSwapped++;
      return;
    }
    this.rowsCompared++;
    for (const { name, error } of COLUMNS) {
      const found = facts[name];
      const wanted = Number(published[name]);
      if (typeof found === 'number' && Math.abs(found - wanted) <= error) continue;
      this.note(name, `transaction ${published['tx']}: ${JSON.stringify(found)}, published ${published[name]}`);
    }
  }

  fail(line: string): void {
    for (const { name } of COLUMNS) this.note(name, line);
  }

  private note(name: string, line: string): void {
    const lines = this.differences.get(name) as string[];
    if (lines.length < SHOWN) lines.push(line);
  }

  result(): Pick<HandbookResult, 'rowsCompared' | 'rowsSwapped' | 'differences'> {
    if (this.rowsCompared === 0) this.fail('no row was compared');
    return { rowsCompared: this.rowsCompared, rowsSwapped: this.rowsSwapped, differences: this.differences };
  }
}
