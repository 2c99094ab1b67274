import type { LiveSource } from '../../engine/control/control-state.js';
import { shownMs } from '../../rules/bounds/rule-bounds.js';
import type { TopicDescription } from '../../stream/log.js';
import { alterTopic, type TopicWarning } from './topic-warning.js';

/**
 * What a source's topic does not promise: that everything since the replay floor is still there after a crash and a downtime, in the
 * partitions with which the source was declared.
 * @param topic null where it does not exist
 * @param downtimeMs how long nobody may run a task, ms
 */
export function checkSource({ name, definition, startOffsets }: LiveSource, topic: TopicDescription | null, downtimeMs: number): TopicWarning[] {
  const subject = `${name} (${definition.topic})`;
  if (topic === null) return [{ code: 'source.topic-missing', subject, detail: `topic ${definition.topic} does not exist: its tasks wait for it. A topic made anew begins at offset 0, so declare the source again then` }];
  const { cleanupPolicy, retentionMs, retentionBytes, partitions } = topic;
  const warnings: TopicWarning[] = [];
  if (partitions !== startOffsets.length) {
    const harm = partitions > startOffsets.length ? 'events in the new partitions are not read, and keys that moved there are lost from their windows' : 'partitions that are read do not exist';
    warnings.push({ code: 'source.partitions-changed', subject, detail: `found ${partitions} partitions, the source was declared when there were ${startOffsets.length}: ${harm}. Declare a source of another name over the topic, let the rules read it, then delete this one` });
  }
  if (cleanupPolicy === 'compact' || cleanupPolicy === 'compact,delete') {
    warnings.push({ code: 'source.compacted', subject, detail: `found cleanup.policy=${cleanupPolicy}, expected delete: after a crash events are read again, and those that compaction took are missing then: the task refuses to go on. Keep events in a topic of their own: ${alterTopic(definition.topic, 'cleanup.policy=delete')}` });
  }
  if (cleanupPolicy === 'compact') return warnings;
  if (retentionMs !== null && retentionMs >= 0 && retentionMs < downtimeMs) {
    warnings.push({ code: 'source.retention-short', subject, detail: `found retention.ms=${retentionMs} (${shownMs(retentionMs)}), expected at least ${downtimeMs} (${shownMs(downtimeMs)}, VIGIL_DOWNTIME_MAX): after a longer downtime events that were never read are gone, and the task refuses to open. Set ${alterTopic(definition.topic, `retention.ms=${downtimeMs}`)}` });
  }
  if (retentionBytes !== null && retentionBytes >= 0) {
    warnings.push({ code: 'source.retention-by-size', subject, detail: `found retention.bytes=${retentionBytes}, expected -1: how long events are kept depends on how many come, and in a rush it may be less than a restart takes. Set ${alterTopic(definition.topic, 'retention.bytes=-1')}` });
  }
  return warnings;
}
