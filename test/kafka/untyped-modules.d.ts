/** Parts of kafkajs that tests compare with. */

declare module 'kafkajs/src/protocol/decoder.js' {
  export default class Decoder {
    constructor(bytes: Buffer);
  }
}

declare module 'kafkajs/src/protocol/recordBatch/v0/decoder.js' {
  import type Decoder from 'kafkajs/src/protocol/decoder.js';
  export interface KafkajsRecord {
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly offset: string;
    readonly isControlRecord?: boolean;
  }
  export default function decode(decoder: Decoder): Promise<{ records: KafkajsRecord[] }>;
}

declare module 'kafkajs/src/consumer/filterAbortedMessages.js' {
  import type { KafkajsRecord } from 'kafkajs/src/protocol/recordBatch/v0/decoder.js';
  export default function filterAbortedMessages(fetched: { messages: KafkajsRecord[]; abortedTransactions: { producerId: string; firstOffset: string }[] }): KafkajsRecord[];
}
