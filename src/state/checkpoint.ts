/** One piece of a key's state: what one `let` entry, pattern or policy keeps. */
export interface KeyPart {
  /** 16 hexadecimal digits, as `aggregateId` gives them: names the piece within its group */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** What stands at the head of a key's record: enough to place it and to arm its timer without reading its parts. */
export interface KeyHeader {
  /** format version of the record and of the bytes of its parts */
  readonly version: number;
  /** which keyed state it belongs to (key spec of the rules that share it) */
  readonly group: string;
  readonly key: string;
  /** sequence of the last journal entry whose effect it holds */
  readonly sequence: number;
  /** earliest timer, epoch ms; `Infinity` where none is armed */
  readonly wakeAt: number;
  /** time of the key's last event, epoch ms; `-Infinity` where it had none */
  readonly lastTs: number;
}

/** The state of one key at a sequence, as written to the checkpoint topic. No parts: the key is as good as never seen. */
export interface KeyRecord extends Omit<KeyHeader, 'version'> {
  readonly parts: readonly KeyPart[];
}

/** Bytes of a record: format version first. */
export declare function encodeKeyRecord(record: KeyRecord): Uint8Array;

/** Reads the head only. @throws EngineError `state.unknown-format` */
export declare function decodeKeyHeader(bytes: Uint8Array): KeyHeader;

/**
 * Reads head and list of parts; the bytes of the parts are views of `bytes`, decoded by whoever touches them
 * (`new ByteReader(part.bytes, record.version)`). Copy `bytes` first where they lie in a larger buffer that should be freed.
 * @throws EngineError `state.unknown-format`
 */
export declare function decodeKeyRecord(bytes: Uint8Array): KeyRecord & KeyHeader;
