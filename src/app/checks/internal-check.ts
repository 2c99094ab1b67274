import { shownMs } from '../../rules/bounds/rule-bounds.js';
import { decodeJournalEntry } from '../../state/journal.js';
import { COMPACTION_LAG_MS } from '../../stream/limits.js';
import type { Log, TopicDescription } from '../../stream/log.js';
import type { Topics } from '../../stream/topics.js';
import { ConfigError } from '../config-error.js';
import { alterTopic, type TopicWarning } from './topic-warning.js';

/**
 * Whether Vigil's own topics are all there, before what is missing is made.
 * @throws ConfigError where some are gone while others still hold what was built on them: new ones would make tasks begin anew and say
 *   everything again
 */
export async function requireNoneGone(log: Log, topics: Topics): Promise<void> {
  const names = [topics.control, topics.journal, topics.state, topics.rekey];
  const counts = await Promise.all(names.map((topic) => log.admin.partitions(topic)));
  const gone = names.filter((_, i) => counts[i] === null);
  const there = names.filter((_, i) => counts[i] !== null);
  if (gone.length === 0 || there.length === 0) return;
  const ends = await Promise.all(there.map((topic) => log.reader.ends(topic)));
  const written = there.filter((_, i) => ends[i]?.some(({ end }) => end > 0));
  if (written.length === 0) return;
  throw new ConfigError(
    `${gone.length === 1 ? `topic ${gone[0]} does` : `topics ${gone.join(', ')} do`} not exist, but ${written.join(', ')} ${written.length === 1 ? 'has' : 'have'} records that belong with ${gone.length === 1 ? 'it' : 'them'}. ` +
      `Bring the topics back as they were; or restore the latest savepoint under another VIGIL_APP (npx vigil restore); or begin anew under another VIGIL_APP, without what windows and patterns held`,
  );
}

/**
 * Vigil's own topics as they are.
 * @returns what works now and may not for long
 * @throws ConfigError where going on would lose state or alerts in silence
 */
export async function checkInternalTopics(log: Log, topics: Topics, keyedPartitions: number): Promise<TopicWarning[]> {
  const { control, journal, state, rekey, ...outputs } = topics;
  const described = async (names: readonly string[]): Promise<TopicDescription[]> => (await Promise.all(names.map((name) => log.admin.describe(name)))).filter((found) => found !== null);
  await requireWhole(log, control);
  await requireKeyedCount(log, topics, keyedPartitions);
  const streams = await described([control, journal, rekey]);
  const [kept] = await described([state]);
  streams.forEach(requireNotCompacted);
  const warnings = streams.flatMap((topic) => keepsAll(topic, topic.topic === rekey));
  if (kept !== undefined) warnings.push(...checkState(kept));
  warnings.push(...(await described(Object.values(outputs))).flatMap(checkOutput));
  if (await log.admin.makesTopics()) {
    warnings.push({ code: 'log.makes-topics', subject: 'the cluster', detail: 'the brokers make topics that nobody declared (auto.create.topics.enable=true): a topic deleted by mistake comes back empty, with one partition. Set it to false' });
  }
  if ([...streams, ...(kept === undefined ? [] : [kept])].some(({ cleanupPolicy }) => cleanupPolicy === null)) {
    warnings.push({ code: 'log.settings-hidden', subject: 'the cluster', detail: 'the cluster does not tell how topics keep their records, so it cannot be checked: allow DescribeConfigs on the topics to Vigil\'s user' });
  }
  return warnings;
}

/** Every task and every new process reads the control topic from its start. */
async function requireWhole(log: Log, control: string): Promise<void> {
  const start = (await log.reader.ends(control))[0]?.start ?? 0;
  if (start === 0) return;
  throw new ConfigError(`topic ${control} begins at offset ${start}: the first ${start} changes of rules, sources and lists are gone, and tasks cannot be opened without them. Bring the records back; or restore the latest savepoint under another VIGIL_APP (npx vigil restore), and keep that topic for ever: retention.ms=-1`);
}

/** The number of keyed tasks is part of every task's number and of where a key lives. */
async function requireKeyedCount(log: Log, { journal, rekey }: Topics, keyedPartitions: number): Promise<void> {
  const ends = await log.reader.ends(journal);
  await Promise.all(
    ends.map(async ({ partition, start, end }) => {
      if (start >= end) return;
      const { records } = await log.reader.read(journal, partition, start, { maxBytes: 1, maxWaitMs: 0 });
      const inputs = records[0]?.value == null ? null : decodeJournalEntry(records[0].value).inputs;
      if (inputs === null || inputs.length === 0) return;
      const isKeyed = inputs.some((input) => input.startsWith('rekey/'));
      if (isKeyed === partition < keyedPartitions) return;
      throw new ConfigError(
        `topic ${rekey} has ${keyedPartitions} partitions, so task ${partition} would be a ${isKeyed ? 'source' : 'keyed'} task, but its journal is that of a ${isKeyed ? 'keyed' : 'source'} task: the topic had another number of partitions when the journal was written. ` +
          `Bring the topic back as it was; another number of keyed tasks is had by a savepoint and npx vigil restore under another VIGIL_APP`,
      );
    }),
  );
}

function requireNotCompacted({ topic, cleanupPolicy }: TopicDescription): void {
  if (cleanupPolicy === null || cleanupPolicy === 'delete') return;
  throw new ConfigError(`topic ${topic} has cleanup.policy=${cleanupPolicy}: its records have no keys, and none may go before Vigil says so. Set it back: ${alterTopic(topic, 'cleanup.policy=delete,retention.ms=-1')}`);
}

function keepsAll({ topic, retentionMs, retentionBytes }: TopicDescription, trimmed: boolean): TopicWarning[] {
  const bounded = [
    ...(retentionMs !== null && retentionMs >= 0 ? [`retention.ms=${retentionMs} (${shownMs(retentionMs)})`] : []),
    ...(retentionBytes !== null && retentionBytes >= 0 ? [`retention.bytes=${retentionBytes}`] : []),
  ];
  if (bounded.length === 0) return [];
  const harm = trimmed ? 'what a keyed task has not read by then is lost, and it refuses to open' : 'a task that is quiet or away for longer cannot be opened any more';
  return [{ code: 'topic.loses-records', subject: topic, detail: `found ${bounded.join(' and ')}, expected -1: ${harm}. Vigil removes by itself what nobody needs. Set ${alterTopic(topic, 'retention.ms=-1,retention.bytes=-1')}` }];
}

function checkState(state: TopicDescription): TopicWarning[] {
  const { topic, cleanupPolicy, retentionMs, retentionBytes } = state;
  if (cleanupPolicy === 'compact' || cleanupPolicy === null) return compactsEarly(state);
  const mend = alterTopic(topic, 'cleanup.policy=compact');
  if ((retentionMs ?? -1) >= 0 || (retentionBytes ?? -1) >= 0) {
    throw new ConfigError(`topic ${topic} has cleanup.policy=${cleanupPolicy} and a retention: the state of keys that are quiet for longer goes in silence. Set ${mend}; if records have gone already, restore the latest savepoint under another VIGIL_APP (npx vigil restore)`);
  }
  return [{ code: 'topic.not-compacted', subject: topic, detail: `found cleanup.policy=${cleanupPolicy}, expected compact: the topic grows with every change of every key, and each start reads all of it. Set ${mend}` }];
}

function compactsEarly({ topic, compactionLagMs }: TopicDescription): TopicWarning[] {
  if (compactionLagMs === null || compactionLagMs >= COMPACTION_LAG_MS) return [];
  return [{ code: 'topic.compacts-early', subject: topic, detail: `found min.compaction.lag.ms=${compactionLagMs}, expected at least ${COMPACTION_LAG_MS} (${shownMs(COMPACTION_LAG_MS)}): a standby that reads the topic while its task goes on may miss what is compacted away under it. Set ${alterTopic(topic, `min.compaction.lag.ms=${COMPACTION_LAG_MS}`)}` }];
}

function checkOutput({ topic, cleanupPolicy }: TopicDescription): TopicWarning[] {
  if (cleanupPolicy === null || cleanupPolicy === 'delete') return [];
  return [{ code: 'topic.compacted', subject: topic, detail: `found cleanup.policy=${cleanupPolicy}, expected delete: of all records of one key only the latest stays. Set ${alterTopic(topic, 'cleanup.policy=delete')}` }];
}
