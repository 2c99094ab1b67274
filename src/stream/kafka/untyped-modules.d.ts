/** The parts of packages without types that this folder uses. */

declare module 'kafkajs/src/network/connection.js' {
  /** One socket to one broker: framing, correlation ids, throttling, TLS and SASL. */
  export default class Connection {
    constructor(options: {
      host: string;
      port: number;
      logger: unknown;
      socketFactory: SocketFactory;
      requestTimeout: number;
      enforceRequestTimeout: boolean;
      connectionTimeout: number;
      clientId: string;
      ssl: unknown;
      sasl: unknown;
    });
    readonly socket: import('node:net').Socket | undefined;
    readonly requestQueue: RequestQueue;
    connect(): Promise<boolean>;
    disconnect(): Promise<boolean>;
    authenticate(): Promise<void>;
    setVersions(versions: Record<number, { minVersion: number; maxVersion: number }>): void;
    setSupportAuthenticationProtocol(supported: boolean): void;
    rejectRequests(error: Error): void;
    send<T>(exchange: {
      request: { apiKey: number; apiVersion: number; apiName: string; encode(): Promise<{ buf: Buffer; buffer: Buffer }> };
      response: { decode(payload: Buffer): Promise<{ clientSideThrottleTime: number; value: T }>; parse(decoded: { value: T }): Promise<T> };
    }): Promise<T>;
  }
  export type SocketFactory = (options: { host: string; port: number; ssl: unknown; onConnect: () => void }) => import('node:net').Socket;
  export interface RequestQueue {
    readonly pending: readonly unknown[];
    scheduleCheckPendingRequests(): void;
    destroy(): void;
  }
}

declare module 'kafkajs/src/network/socketFactory.js' {
  export default function createSocketFactory(): import('kafkajs/src/network/connection.js').SocketFactory;
}

declare module 'snappyjs' {
  const snappy: { uncompress(bytes: Uint8Array, bytesMax?: number): Uint8Array; compress(bytes: Uint8Array): Uint8Array };
  export default snappy;
}

declare module 'lz4js' {
  const lz4: {
    /** @returns the end of what was written to `target`, from `targetAt` on; it may lie beyond the target's length */
    decompressBlock(source: Uint8Array, target: Uint8Array, sourceAt: number, sourceLength: number, targetAt: number): number;
    compress(bytes: Uint8Array): Uint8Array;
  };
  export default lz4;
}
