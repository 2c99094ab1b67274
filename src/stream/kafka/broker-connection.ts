import Connection from 'kafkajs/src/network/connection.js';
import createSocketFactory from 'kafkajs/src/network/socketFactory.js';
import { assert } from '../../event/assert.js';
import { withoutIdleTimer } from './kafkajs-patch.js';
import { CONNECT_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from './limits.js';
import type { KafkaLogOptions } from './options.js';
import { ByteReader } from './wire/bytes.js';
import type { MalformedError } from './wire/bytes.js';
import { apiVersionsRequest } from './wire/cluster-requests.js';
import type { KafkaError } from './wire/kafka-error.js';
import type { WireRequest } from './wire/request.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * No answer: the connection could not be made, broke, or took too long. Whether the broker has done what was asked is not
 * known, unless `sent` is false.
 */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
  constructor(
    message: string,
    readonly sent: boolean,
  ) {
    super(message);
  }
}

export type ConnectionOptions = Pick<KafkaLogOptions, 'clientId' | 'ssl' | 'sasl'>;

const silent = { namespace: () => silent, debug() {}, info() {}, warn() {}, error() {} };
const createSocket = createSocketFactory();

/**
 * One socket to one broker, made when it is first needed; kafkajs does framing, correlation ids, throttling, TLS and SASL.
 * A broker answers the requests of one socket one after the other, so a slow one holds up those behind it. After the first
 * failure the connection is `broken` for ever.
 */
export class BrokerConnection {
  readonly #connection: Connection;
  readonly #place: string;
  #opening: Promise<void> | undefined;
  #broken: NoAnswerError | undefined;
  #inFlight = 0;

  constructor(
    address: Address,
    private readonly options: ConnectionOptions,
  ) {
    this.#place = `${address.host}:${address.port}`;
    this.#connection = new Connection({
      ...address,
      clientId: options.clientId,
      ssl: options.ssl === false ? undefined : options.ssl,
      sasl: options.sasl && { ...options.sasl },
      logger: silent,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      // a request's time is watched here: it then takes the connection with it, as nothing behind it can be answered either
      requestTimeout: REQUEST_TIMEOUT_MS,
      enforceRequestTimeout: false,
      socketFactory: (socketOptions) => createSocket(socketOptions).setNoDelay(true),
    });
    withoutIdleTimer(this.#connection.requestQueue);
  }

  get broken(): boolean {
    return this.#broken !== undefined;
  }

  /** requests without an answer yet */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** @throws NoAnswerError; KafkaError and MalformedError as `decode` throws them */
  async send<T>(request: WireRequest<T>, timeoutMs: number = REQUEST_TIMEOUT_MS): Promise<T> {
    this.#inFlight++;
    try {
      this.#opening ??= this.#open();
      await this.#opening;
      return await this.#exchange(request, timeoutMs);
    } finally {
      this.#inFlight--;
    }
  }

  /** Ends the connection; what waits for an answer is told that there will be none. */
  close(): void {
    this.#fail('it was closed');
  }

  async #open(): Promise<void> {
    // kafkajs waits for ever when a TLS handshake is hung up on
    const timer = setTimeout(() => this.#fail(`no connection within ${CONNECT_TIMEOUT_MS} ms`), CONNECT_TIMEOUT_MS + 500);
    try {
      await Promise.race([this.#connection.connect(), this.#untilBroken()]);
      this.#connection.socket?.once('close', () => this.#fail('the broker closed the connection'));
      if (this.options.sasl !== undefined) await this.#authenticate();
    } catch (error) {
      this.#fail(messageOf(error));
    } finally {
      clearTimeout(timer);
    }
    if (this.#broken !== undefined) throw new NoAnswerError(this.#broken.message, false);
  }

  #onBroken: (() => void) | undefined;
  #untilBroken(): Promise<void> {
    return new Promise((resolve) => {
      this.#onBroken = resolve;
    });
  }

  async #authenticate(): Promise<void> {
    const timer = setTimeout(() => this.#fail(`no authentication within ${REQUEST_TIMEOUT_MS} ms`), REQUEST_TIMEOUT_MS);
    try {
      this.#connection.setVersions(await this.#exchange(apiVersionsRequest(), REQUEST_TIMEOUT_MS));
      this.#connection.setSupportAuthenticationProtocol(true);
      await this.#connection.authenticate();
    } finally {
      clearTimeout(timer);
    }
  }

  async #exchange<T>({ api, body, decode }: WireRequest<T>, timeoutMs: number): Promise<T> {
    if (this.#broken !== undefined) throw new NoAnswerError(this.#broken.message, false);
    const timer = setTimeout(() => this.#fail(`${api.name} was not answered within ${timeoutMs} ms`), timeoutMs);
    try {
      return await this.#connection.send<T>({
        request: { apiKey: api.key, apiVersion: api.version, apiName: api.name, encode: async () => body },
        response: {
          async decode(payload) {
            const reader = new ByteReader(payload);
            const clientSideThrottleTime = api.throttle === 'first' ? reader.int32() : api.throttle === 'last' ? payload.readInt32BE(payload.length - 4) : 0;
            return { clientSideThrottleTime, value: decode(reader) };
          },
          parse: async ({ value }) => value,
        },
      });
    } catch (error) {
      throw isAnswer(error) ? error : this.#fail(messageOf(error));
    } finally {
      clearTimeout(timer);
    }
  }

  #fail(reason: string): NoAnswerError {
    if (this.#broken !== undefined) return this.#broken;
    this.#broken = new NoAnswerError(`broker ${this.#place}: ${reason}`, true);
    this.#connection.rejectRequests(this.#broken);
    this.#connection.socket?.destroy();
    // kafkajs's own books and timers; nothing is left to wait for
    this.#connection.disconnect().catch(() => {});
    this.#onBroken?.();
    return this.#broken;
  }
}

const isAnswer = (error: unknown): error is KafkaError | MalformedError => error instanceof Error && (error.name === 'KafkaError' || error.name === 'MalformedError');

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Connections to one broker that any request may take: an idle one if there is one, another up to a bound, else the least busy. */
export class ConnectionPool {
  #connections: BrokerConnection[] = [];

  constructor(
    private readonly address: Address,
    private readonly options: ConnectionOptions,
    private readonly sizeMax: number,
  ) {
    assert(sizeMax > 0, 'a pool has room for a connection');
  }

  get connected(): boolean {
    return this.#connections.some((connection) => !connection.broken);
  }

  send<T>(request: WireRequest<T>, timeoutMs?: number): Promise<T> {
    return this.#pick().send(request, timeoutMs);
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
    this.#connections = [];
  }

  #pick(): BrokerConnection {
    this.#connections = this.#connections.filter((connection) => !connection.broken);
    const least = this.#connections.reduce<BrokerConnection | undefined>((best, one) => (best === undefined || one.inFlight < best.inFlight ? one : best), undefined);
    if (least !== undefined && (least.inFlight === 0 || this.#connections.length >= this.sizeMax)) return least;
    const added = new BrokerConnection(this.address, this.options);
    this.#connections.push(added);
    return added;
  }
}
