import type { EngineErrorCode } from '../../event/engine-error.js';

/** An alert, resolution, timeout or signal as it is written. */
export interface AlertEffect {
  readonly id: string;
  readonly shadow: boolean;
  readonly kind: 'alert' | 'resolved' | 'timeout' | 'signal';
  /** text of the key: partitions the topic */
  readonly key: string;
  /** the whole alert as JSON text */
  readonly json: string;
  readonly ruleId: string;
  readonly version: number;
}

/** An input event that had no effect: late, or unreadable. The original bytes go with it where they are at hand. */
export interface SideEffect {
  readonly kind: 'late' | 'dead';
  readonly code: EngineErrorCode | 'event.late' | 'event.late-for-key';
  readonly message: string;
  readonly source: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Uint8Array | string | null;
  readonly value: Uint8Array | string | null;
}

/** Re-keyed events and watermarks for one keyed task. */
export interface FrameEffect {
  readonly partition: number;
  readonly value: Uint8Array;
}

/** What a step gave rise to, in order. The runner takes everything out with each transaction. */
export interface Effects {
  readonly alerts: AlertEffect[];
  readonly side: SideEffect[];
  /** unsigned 32-bit numbers, three for each alert: hash of (group, key), two halves of the id's hash */
  readonly digest: number[];
}

export function noEffects(): Effects {
  return { alerts: [], side: [], digest: [] };
}
