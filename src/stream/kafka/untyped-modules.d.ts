/** The parts of packages without types that this folder uses. */

declare module 'kafkajs/src/network/connection.js' {
  /** One socket to one broker: framing, correlation ids, timeouts, TLS and SASL. */
  export default class Connection {
    constructor(options: {
      host: string;
      port: number;
      logger: unknown;
      socketFactory: unknown;
      requestTimeout: number;
      connectionTimeout: number;
      clientId: string;
      ssl: unknown;
      sasl: unknown;
    });
    readonly socket: import('node:net').Socket | undefined;
    readonly requestQueue: { readonly pending: readonly unknown[]; scheduleCheckPendingRequests(): void };
    isConnected(): boolean;
    connect(): Promise<boolean>;
    disconnect(): Promise<boolean>;
    authenticate(): Promise<void>;
    setVersions(versions: Versions): void;
    setSupportAuthenticationProtocol(supported: boolean): void;
    rejectRequests(error: Error): void;
    send<T>(exchange: {
      request: { apiKey: number; apiVersion: number; apiName: string; encode(): Promise<{ buf: Buffer; buffer: Buffer }> };
      response: { decode(payload: Buffer): Promise<{ clientSideThrottleTime: number; value: T }>; parse(decoded: { value: T }): Promise<T> };
      requestTimeout?: number;
      logResponseError?: boolean;
    }): Promise<T>;
  }
  export type Versions = Record<number, { minVersion: number; maxVersion: number }>;
}

declare module 'kafkajs/src/network/socketFactory.js' {
  export default function createSocketFactory(): unknown;
}

declare module 'kafkajs/package.json' {
  const content: { readonly version: string };
  export default content;
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
