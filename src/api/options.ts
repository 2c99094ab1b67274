import type { TokenVerifier } from './auth/token-verifier.js';
import type { Patience } from './http/patience.js';

/** What the HTTP interface tells about itself to the process' log. */
export interface ApiLog {
  /** an error that the caller was told nothing about */
  error(error: unknown, requestId: string): void;
  /** one finished request */
  request?(entry: { readonly requestId: string; readonly method: string; readonly path: string; readonly status: number; readonly durationMs: number; readonly actor: string | null }): void;
}

export interface ApiOptions {
  readonly log?: ApiLog;
  /** folder of the page's files; default: `web` in the package */
  readonly webDir?: string;
  /** ms between comments on a silent alert stream; default `STREAM_HEARTBEAT_MS` */
  readonly heartbeatMs?: number;
  /** ms after which an alert stream ends and its client has to show its key again; default `STREAM_LIFETIME_MS` */
  readonly streamLifetimeMs?: number;
  /** ms after which the client of an alert stream that has left everything unread is disconnected; default `STREAM_STALL_MS` */
  readonly streamStallMs?: number;
  /** whether `/metrics` needs no key: for scrapers that can send none, on a network that is closed to others; default false */
  readonly openMetrics?: boolean;
  /** bearer tokens of an identity provider; default: API keys only */
  readonly tokens?: TokenVerifier | undefined;
  /** failed authentications that an address may have in a minute, >= 1; 0 = any; default `FAILED_AUTH_PER_MINUTE` */
  readonly failedAuthPerMinute?: number;
  /** hears of an address (or IPv6 /64) that was refused for failing too often, at most every `GUESSING_TOLD_EVERY_S` */
  readonly onGuessing?: (client: string) => void;
  /** requests of one key in a second, >= 1; 0 = any; default `REQUESTS_PER_SECOND` */
  readonly requestsPerSecond?: number;
  /** proxies in front of the process whose `X-Forwarded-For` is believed; default 0: the address is that of the connection */
  readonly trustedProxies?: number;
  /** bytes of bodies held whole at one time; default `HELD_BODIES_BYTES_MAX` */
  readonly heldBodiesBytesMax?: number;
  /** how long clients may take; what is left out as in `DEFAULT_PATIENCE` */
  readonly patience?: Partial<Patience>;
}

/** Injection tokens. */
export const API_OPTIONS = Symbol('vigil.api-options');
export const API_PORTS = Symbol('vigil.api-ports');
/** Folder of the page's files. */
export const WEB_DIR = Symbol('vigil.web-dir');
/** Gives the OpenAPI document. */
export const API_DOCUMENT = Symbol('vigil.api-document');
