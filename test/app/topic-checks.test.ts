import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ValidatorAdapter } from '../../src/app/adapters/rules.js';
import { TopicRetention } from '../../src/app/adapters/topic-retention.js';
import { checkInternalTopics } from '../../src/app/checks/internal-check.js';
import { checkSource } from '../../src/app/checks/source-check.js';
import { TopicWatch } from '../../src/app/checks/topic-watch.js';
import type { TopicWarning } from '../../src/app/checks/topic-warning.js';
import { ensureInternalTopics } from '../../src/app/internal-topics.js';
import type { LiveSource } from '../../src/engine/control/control-state.js';
import type { JsonValue } from '../../src/event/stream-event.js';
import { sourceSchema } from '../../src/rules/source-schema.js';
import { encodeJournalEntry } from '../../src/state/journal.js';
import { openEmbeddedLog } from '../../src/stream/embedded/embedded-log.js';
import type { Log, TopicDescription } from '../../src/stream/log.js';
import { topicsOf } from '../../src/stream/topics.js';

const TOPICS = topicsOf('t');
const WANTED = { keyedPartitions: 2, taskSlots: 4 };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let dir: string;
let log: Log;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'vigil-checks-'));
  log = await openEmbeddedLog({ dir, taskSlots: WANTED.taskSlots });
});
afterEach(async () => {
  await log.close();
  rmSync(dir, { recursive: true });
});

const entry = (inputs: readonly string[]): Uint8Array =>
  encodeJournalEntry({ sequence: 0, writer: 'w', inputs, steps: [], positions: inputs.map(() => 0), controlPosition: 0, time: new Uint8Array(), floor: 0, floorTimeMs: 0, digest: new Uint32Array(), flags: 0 });

const reasonOf = async (asked: Promise<unknown>): Promise<string> => asked.then(() => 'accepted', (error: unknown) => `${(error as Error).name}: ${(error as Error).message}`);

/** The log with other settings of one topic, as an operator may have given them. */
const withSettings = (topic: string, settings: Partial<TopicDescription>, makesTopics = false): Log => ({
  ...log,
  admin: {
    ensure: (specs) => log.admin.ensure(specs),
    partitions: (name) => log.admin.partitions(name),
    describe: async (name) => {
      const found = await log.admin.describe(name);
      return found !== null && name === topic ? { ...found, ...settings } : found;
    },
    makesTopics: async () => makesTopics,
    trim: (name, partition, offset) => log.admin.trim(name, partition, offset),
    close: () => log.admin.close(),
  },
});

describe('the topics of an application at its start', () => {
  it('are made as they must be, and found so again', async () => {
    expect((await ensureInternalTopics(log, TOPICS, WANTED)).warnings).toEqual([]);
    expect((await ensureInternalTopics(log, TOPICS, WANTED)).warnings).toEqual([]);
  });

  it('are waited for where the log is away for longer than it tries by itself, and what it refuses for good is told at once', async () => {
    let asked = 0;
    const away = (error: Error, isTransient: boolean): Log => ({
      ...log,
      isTransient: () => isTransient,
      reader: {
        ...log.reader,
        ends: async (topic) => {
          if (++asked < 4) throw error;
          return log.reader.ends(topic);
        },
      },
    });
    await log.admin.ensure([{ topic: TOPICS.control, partitions: 1, retentionMs: -1 }]);
    expect((await ensureInternalTopics(away(new Error('no answer'), true), TOPICS, WANTED)).warnings).toEqual([]);
    asked = 0;
    expect(await reasonOf(ensureInternalTopics(away(new Error('not allowed'), false), TOPICS, WANTED))).toBe('Error: not allowed');
    expect(asked).toBe(1);
  });

  it('are made to their end where a first start did not get so far', async () => {
    await log.admin.ensure([{ topic: TOPICS.control, partitions: 1, retentionMs: -1 }]);
    expect((await ensureInternalTopics(log, TOPICS, WANTED)).warnings).toEqual([]);
  });

  it('are not made anew beside others that still hold what was built on them', async () => {
    await log.admin.ensure([{ topic: TOPICS.control, partitions: 1 }, { topic: TOPICS.state, partitions: 4, compacted: true }, { topic: TOPICS.rekey, partitions: 2 }]);
    await log.writer.append(TOPICS.control, [{ partition: 0, key: null, value: '{}' }]);
    expect(await reasonOf(ensureInternalTopics(log, TOPICS, WANTED))).toMatch(/^ConfigError: topic t\.journal does not exist, but t\.control has records that belong with it\. Bring the topics back/);
    expect(await log.admin.partitions(TOPICS.journal)).toBeNull();
  });

  it('are refused when the control topic has lost its beginning', async () => {
    await ensureInternalTopics(log, TOPICS, WANTED);
    await log.writer.append(TOPICS.control, ['a', 'b', 'c'].map((value) => ({ partition: 0, key: null, value })));
    await log.admin.trim(TOPICS.control, 0, 2);
    expect(await reasonOf(ensureInternalTopics(log, TOPICS, WANTED))).toMatch(/^ConfigError: topic t\.control begins at offset 2: the first 2 changes of rules, sources and lists are gone/);
  });

  it('are refused when the number of keyed tasks is no longer that of the journals', async () => {
    await ensureInternalTopics(log, TOPICS, WANTED);
    await log.writer.append(TOPICS.journal, [{ partition: 1, key: null, value: entry(['rekey/1']) }, { partition: 2, key: null, value: entry(['payments/0']) }]);
    expect((await ensureInternalTopics(log, TOPICS, WANTED)).warnings).toEqual([]);
    await log.admin.ensure([{ topic: TOPICS.rekey, partitions: 3 }]);
    expect(await reasonOf(ensureInternalTopics(log, TOPICS, WANTED))).toMatch(/^ConfigError: topic t\.rekey has 3 partitions, so task 2 would be a keyed task, but its journal is that of a source task/);
  });

  it('are refused where a setting loses state or records in silence', async () => {
    await ensureInternalTopics(log, TOPICS, WANTED);
    const refusal = (topic: string, settings: Partial<TopicDescription>) => reasonOf(checkInternalTopics(withSettings(topic, settings), TOPICS, 2));
    expect(await refusal(TOPICS.journal, { cleanupPolicy: 'compact' })).toMatch(/^ConfigError: topic t\.journal has cleanup\.policy=compact/);
    expect(await refusal(TOPICS.state, { cleanupPolicy: 'compact,delete', retentionMs: DAY_MS })).toMatch(/^ConfigError: topic t\.state has cleanup\.policy=compact,delete and a retention: the state of keys that are quiet for longer goes in silence/);
  });

  it('are warned of where they work now and may not for long', async () => {
    await ensureInternalTopics(log, TOPICS, WANTED);
    const warnings = async (topic: string, settings: Partial<TopicDescription>, makesTopics = false): Promise<string[]> =>
      (await checkInternalTopics(withSettings(topic, settings, makesTopics), TOPICS, 2)).map(({ code, subject, detail }) => `${code} ${subject}: ${detail}`);
    expect(await warnings(TOPICS.journal, { retentionMs: DAY_MS, retentionBytes: 1_000 })).toEqual([
      'topic.loses-records t.journal: found retention.ms=86400000 (1d) and retention.bytes=1000, expected -1: a task that is quiet or away for longer cannot be opened any more. Vigil removes by itself what nobody needs. ' +
        'Set kafka-configs.sh --bootstrap-server … --alter --entity-type topics --entity-name t.journal --add-config retention.ms=-1,retention.bytes=-1',
    ]);
    expect(await warnings(TOPICS.state, { cleanupPolicy: 'delete', retentionMs: -1 })).toEqual([expect.stringMatching(/^topic\.not-compacted t\.state: /)]);
    expect(await warnings(TOPICS.state, { compactionLagMs: 0 })).toEqual([
      'topic.compacts-early t.state: found min.compaction.lag.ms=0, expected at least 60000 (1m): a standby that reads the topic while its task goes on may miss what is compacted away under it. ' +
        'Set kafka-configs.sh --bootstrap-server … --alter --entity-type topics --entity-name t.state --add-config min.compaction.lag.ms=60000',
    ]);
    expect(await warnings(TOPICS.alerts, { cleanupPolicy: 'compact' })).toEqual([expect.stringMatching(/^topic\.compacted t\.alerts: /)]);
    expect(await warnings(TOPICS.control, { cleanupPolicy: null, retentionMs: null, retentionBytes: null }, true)).toEqual([
      expect.stringMatching(/^log\.makes-topics the cluster: /),
      expect.stringMatching(/^log\.settings-hidden the cluster: /),
    ]);
  });
});

const source = (partitions: number): LiveSource => ({ name: 'payments', definition: sourceSchema.parse({ topic: 'pay', eventTime: { field: 'ts' }, type: { value: 'p' } }), startOffsets: new Array<number>(partitions).fill(0) });
const keeps = (more: Partial<TopicDescription>): TopicDescription => ({ topic: 'pay', partitions: 3, cleanupPolicy: 'delete', retentionMs: 7 * DAY_MS, retentionBytes: -1, compactionLagMs: null, ...more });

describe('the topic of a source', () => {
  const codes = (topic: TopicDescription | null, downtimeMs = DAY_MS): string[] => checkSource(source(3), topic, downtimeMs).map(({ code }) => code);

  it('is good as it is where it keeps its events longer than a downtime', () => {
    expect(codes(keeps({}))).toEqual([]);
    expect(codes(keeps({ retentionMs: -1 }))).toEqual([]);
    expect(codes(keeps({ retentionMs: null, retentionBytes: null, cleanupPolicy: null }))).toEqual([]);
  });

  it('is warned of where a restart may not find what it must read again', () => {
    expect(codes(null)).toEqual(['source.topic-missing']);
    expect(codes(keeps({ retentionMs: HOUR_MS }))).toEqual(['source.retention-short']);
    expect(codes(keeps({ retentionMs: HOUR_MS }), HOUR_MS)).toEqual([]);
    expect(codes(keeps({ retentionBytes: 1 << 30 }))).toEqual(['source.retention-by-size']);
    expect(codes(keeps({ cleanupPolicy: 'compact', retentionMs: HOUR_MS }))).toEqual(['source.compacted']);
    expect(codes(keeps({ cleanupPolicy: 'compact,delete', retentionMs: HOUR_MS, partitions: 4 }))).toEqual(['source.partitions-changed', 'source.compacted', 'source.retention-short']);
  });
});

describe('the watch over topics', () => {
  it('says each warning once, and when it no longer holds', async () => {
    const said: string[] = [];
    let topic: TopicDescription | null = keeps({ retentionMs: HOUR_MS });
    const internal: TopicWarning = { code: 'topic.compacted', subject: 't.alerts', detail: 'found' };
    const logger = { warn: (message: string) => void said.push(message.split(',')[0] as string), info: (message: string) => void said.push(message), debug: () => undefined };
    const watch = new TopicWatch({ admin: { describe: async () => topic }, logger, sources: () => [source(3)], internal: [internal], downtimeMs: DAY_MS });
    await watch.look();
    await watch.look();
    expect(watch.warnings.map(({ code }) => code)).toEqual(['topic.compacted', 'source.retention-short']);
    topic = keeps({});
    await watch.look();
    expect(watch.warnings).toEqual([internal]);
    expect(said).toEqual(['t.alerts: found', 'payments (pay): found retention.ms=3600000 (1h)', 'a warning about a topic no longer holds']);
  });

  it('keeps what it knows while the log does not answer', async () => {
    let answers = true;
    const describe = async (): Promise<TopicDescription | null> => {
      if (!answers) throw new Error('away');
      return null;
    };
    const quiet = { warn: () => undefined, info: () => undefined, debug: () => undefined };
    const watch = new TopicWatch({ admin: { describe }, logger: quiet, sources: () => [source(3)], internal: [], downtimeMs: DAY_MS });
    await watch.look();
    answers = false;
    await watch.look();
    expect(watch.warnings.map(({ code }) => code)).toEqual(['source.topic-missing']);
  });
});

describe('a rule with a window longer than its source remembers', () => {
  const warningsWith = async (found: TopicDescription | null): Promise<string[]> => {
    const definition = source(3).definition as unknown as JsonValue;
    const validator = new ValidatorAdapter({ get: async () => ({ name: 'payments', definition, revision: 1, createdAt: 0, updatedAt: 0 }) as never }, null, new TopicRetention({ describe: async () => found }));
    const rule = { id: 'r', from: 'payments', key: 'card', let: { n: { count: true, window: '30d' } }, when: { fact: 'n', operator: 'greaterThan', value: 5 } };
    return (await validator.validate(rule)).warnings.map(({ code, detail }) => `${code} ${detail}`);
  };

  it('is warned of, with both times', async () => {
    expect(await warningsWith(keeps({}))).toEqual(['state.longer-than-source found state over 30d, but a source keeps its events for 7d: what is lost cannot be rebuilt from the source']);
  });

  it('is not where the source keeps everything, or nobody knows', async () => {
    expect(await warningsWith(keeps({ retentionMs: -1 }))).toEqual([]);
    expect(await warningsWith(keeps({ cleanupPolicy: 'compact' }))).toEqual([]);
    expect(await warningsWith(keeps({ retentionMs: null }))).toEqual([]);
    expect(await warningsWith(null)).toEqual([]);
  });
});
