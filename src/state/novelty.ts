import type { FieldValue, JsonValue } from '../event/stream-event.js';
import { distinctText, type Aggregate } from './aggregate.js';
import type { ByteReader, ByteWriter } from './bytes.js';
import { stateLimits } from './limits.js';

/** `previous`: the named fields of the latest fitting event before this one. `value` is that object, built by the caller. */
export class Previous implements Aggregate {
  readonly dropped = 0;
  private last: FieldValue = undefined;

  take(_ts: number, fits: boolean, value: FieldValue): FieldValue {
    const before = this.last;
    if (fits) this.last = value;
    return before;
  }

  clear(): void {
    this.last = undefined;
  }

  write(out: ByteWriter): void {
    out.value(this.last);
  }

  read(from: ByteReader): void {
    this.last = from.value();
  }
}

/** `seen`: whether a value is new to the key, `{new, firstSeenTs, lastSeenTs}`; forgotten after `ttlMs`. */
export class Seen implements Aggregate {
  dropped = 0;
  /** value → [first, last] in order of the time that the ttl counts from */
  private readonly values = new Map<string, [number, number]>();

  constructor(
    private readonly ttlMs: number | null,
    private readonly refresh: boolean,
  ) {}

  take(ts: number, fits: boolean, value: FieldValue): FieldValue {
    this.forget(ts);
    if (value === undefined || value === null) return undefined;
    const text = distinctText(value);
    const known = this.values.get(text);
    const answer: JsonValue = known
      ? { new: false, firstSeenTs: known[0], lastSeenTs: known[1] }
      : { new: true, firstSeenTs: ts, lastSeenTs: ts };
    if (fits) this.remember(text, known, ts);
    return answer;
  }

  private remember(text: string, known: [number, number] | undefined, ts: number): void {
    if (known && !this.refresh) {
      known[1] = ts;
      return;
    }
    this.values.delete(text);
    if (this.values.size >= stateLimits.seenValuesMax) {
      for (const oldest of this.values.keys()) {
        this.values.delete(oldest);
        this.dropped++;
        break;
      }
    }
    this.values.set(text, [known?.[0] ?? ts, ts]);
  }

  private forget(ts: number): void {
    if (this.ttlMs === null) return;
    for (const [text, [first, last]] of this.values) {
      if ((this.refresh ? last : first) > ts - this.ttlMs) return;
      this.values.delete(text);
    }
  }

  clear(): void {
    this.values.clear();
  }

  write(out: ByteWriter): void {
    out.uint(this.values.size);
    for (const [text, [first, last]] of this.values) {
      out.text(text);
      out.int(first);
      out.int(last);
    }
    out.uint(this.dropped);
  }

  read(from: ByteReader): void {
    this.values.clear();
    for (let n = from.uint(); n > 0; n--) this.values.set(from.text(), [from.int(), from.int()]);
    this.dropped = from.uint();
  }
}
