import type { ConnectionOptions } from 'node:tls';
import { TROUBLE_LOG_INTERVAL_MS } from './limits.js';

export interface LogSink {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** As in kafkajs, whose authenticators do the work. */
export type SaslOptions =
  | { readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; readonly username: string; readonly password: string }
  | { readonly mechanism: 'oauthbearer'; readonly oauthBearerProvider: () => Promise<{ value: string }> };

export interface KafkaLogOptions {
  /** `host:port`, at least one; the others are learnt */
  readonly brokers: readonly string[];
  /** names this process in the brokers' logs and quotas */
  readonly clientId: string;
  /** prefix of the group and of the transactional ids; the same in every process of one application */
  readonly app: string;
  /** the group is subscribed to this topic; task number n owns its partition n */
  readonly journalTopic: string;
  /** task numbers are 0 … taskSlots − 1; the same in every process */
  readonly taskSlots: number;
  readonly ssl?: boolean | ConnectionOptions | undefined;
  readonly sasl?: SaslOptions | undefined;
  readonly logger?: LogSink | undefined;
  readonly memory?: MemberMemory | undefined;
  /** the same for members that end together: none of them is a standby for another */
  readonly process?: string | undefined;
  /** how long a member may be silent before its tasks go to others, ms; brokers refuse what is below their `group.min.session.timeout.ms`. Default `SESSION_TIMEOUT_MS` */
  readonly sessionTimeoutMs?: number | undefined;
  /** ends the wait for brokers that are not there at start */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Keeps over a crash which member of the group this process was. The next start then says goodbye in the name of the former one, and the
 * others take its tasks at once instead of when its session ends.
 */
export interface MemberMemory {
  /** the member that the former process was; null where there was none, or where it may still live */
  former(): string | null;
  remember(memberId: string): void;
}

const SILENT: LogSink = { info() {}, warn() {}, error() {} };

/** Where trouble is told; the same trouble once in a while only, so that a dead broker does not fill a disk. */
export class TroubleLog {
  readonly #toldAt = new Map<string, number>();

  constructor(
    readonly sink: LogSink = SILENT,
    private readonly intervalMs = TROUBLE_LOG_INTERVAL_MS,
  ) {}

  /** @param kind few and fixed: it is remembered */
  warn(kind: string, message: string): void {
    const now = performance.now();
    const last = this.#toldAt.get(kind);
    if (last !== undefined && now - last < this.intervalMs) return;
    this.#toldAt.set(kind, now);
    this.sink.warn(message);
  }
}
