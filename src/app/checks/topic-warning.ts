/** Something about a topic that an operator should mend before it does harm. */
export interface TopicWarning {
  readonly code:
    | 'log.makes-topics'
    | 'log.settings-hidden'
    | 'topic.loses-records'
    | 'topic.compacted'
    | 'topic.not-compacted'
    | 'topic.compacts-early'
    | 'source.topic-missing'
    | 'source.compacted'
    | 'source.retention-short'
    | 'source.retention-by-size'
    | 'source.partitions-changed';
  /** the topic, or `source (topic)` */
  readonly subject: string;
  /** what was found, what is expected, and how it is mended */
  readonly detail: string;
}

/** A command that mends a topic's settings. */
export const alterTopic = (topic: string, config: string): string => `kafka-configs.sh --bootstrap-server … --alter --entity-type topics --entity-name ${topic} --add-config ${config}`;
