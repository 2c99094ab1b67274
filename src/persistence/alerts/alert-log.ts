/** The part of the log port that indexing needs; a `LogReader` is one. */
export interface AlertLog {
  read(
    topic: string,
    partition: number,
    from: number,
    options: { maxBytes: number; maxWaitMs: number; signal?: AbortSignal },
  ): Promise<{ readonly records: readonly { readonly offset: number; readonly value: Uint8Array | null }[]; readonly nextOffset: number }>;
  ends(topic: string): Promise<readonly { readonly partition: number; readonly start: number; readonly end: number }[]>;
}

/** A topic of alerts. */
export interface AlertTopic {
  readonly topic: string;
  /** of shadow rules */
  readonly shadow: boolean;
}
