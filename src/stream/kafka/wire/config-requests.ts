import { ByteWriter } from './bytes.js';
import { API } from './request.js';
import type { WireRequest } from './request.js';

/** Whose settings are asked for. @param name of a topic, or a broker's node id as text */
export interface ConfigResource {
  readonly kind: 'topic' | 'broker';
  readonly name: string;
}

export interface ConfigAnswer {
  readonly code: number;
  readonly message: string | null;
  /** name → value in force, whether set for the resource or a default */
  readonly values: ReadonlyMap<string, string>;
}

const RESOURCE_TYPE = { topic: 2, broker: 4 } as const;

/** A broker answers for its own settings only, any broker for those of topics. */
export function describeConfigsRequest({ kind, name }: ConfigResource, names: readonly string[]): WireRequest<ConfigAnswer> {
  const body = new ByteWriter();
  body.int32(1).int8(RESOURCE_TYPE[kind]).string(name);
  body.array(names, (one) => body.string(one)).bool(false); // no synonyms
  return {
    api: API.describeConfigs,
    body,
    decode(reader) {
      const [answer] = reader.array(() => {
        const code = reader.int16();
        const message = reader.nullableString();
        reader.int8(); // resource type
        reader.string(); // resource name
        const values = new Map<string, string>();
        reader.array(() => {
          const setting = reader.string();
          const value = reader.nullableString();
          reader.bool(); // read only
          reader.int8(); // where it is set
          reader.bool(); // sensitive
          reader.array(() => [reader.string(), reader.nullableString(), reader.int8()]); // synonyms
          if (value !== null) values.set(setting, value);
        });
        return { code, message, values };
      });
      return answer ?? { code: 0, message: null, values: new Map() };
    },
  };
}
