import type { FieldValue, JsonValue } from '../../event/stream-event.js';
import { unknownFormat, type ByteReader, type ByteWriter } from '../bytes.js';
import { Ring } from '../numbers/ring.js';
import { Form, type Plan } from './form.js';

/** The object of an event's named fields, absent ones left out. */
type Fields = { readonly [name: string]: JsonValue };

const isFields = (value: FieldValue): value is Fields => value !== null && typeof value === 'object' && !Array.isArray(value);

/** How an object stands in the bytes: the values of the spec's fields in their order, or JSON where it has others. */
const Shape = { Fields: 0, Json: 1 } as const;

function writeFields(out: ByteWriter, names: readonly string[], fields: Fields): void {
  if (Object.keys(fields).every((name) => names.includes(name))) {
    out.byte(Shape.Fields);
    for (const name of names) out.value(fields[name]);
  } else {
    out.byte(Shape.Json);
    out.value(fields);
  }
}

function readFields(from: ByteReader, names: readonly string[]): Fields {
  const shape = from.byte();
  if (shape === Shape.Json) {
    const fields = from.value();
    if (!isFields(fields)) throw unknownFormat('not an object of fields');
    return fields;
  }
  if (shape !== Shape.Fields) throw unknownFormat(`shape of fields ${shape}`);
  const entries: [string, JsonValue][] = [];
  for (const name of names) {
    const value = from.value();
    if (value !== undefined) entries.push([name, value]);
  }
  return Object.fromEntries(entries);
}

/** `last` and `previous`: the named fields of the latest event. At an event older than that one they are missing: unknown. */
export class Latest extends Form {
  private fields: Fields | undefined;
  private time = -Infinity;

  constructor(
    plan: Plan,
    private readonly names: readonly string[],
  ) {
    super(plan);
  }

  advance(ts: number): void {
    if (this.time <= ts - this.plan.windowMs) this.clear();
  }

  enter(time: number, value: FieldValue): void {
    if (!isFields(value) || time < this.time) return;
    this.fields = value;
    this.time = time;
  }

  answer(ts: number): FieldValue {
    return this.time <= ts ? this.fields : undefined;
  }

  expiresAt(): number {
    return this.fields === undefined ? -Infinity : this.leavesAt(this.time);
  }

  clear(): void {
    this.fields = undefined;
    this.time = -Infinity;
  }

  write(out: ByteWriter): void {
    out.byte(this.fields === undefined ? 0 : 1);
    if (this.fields === undefined) return;
    out.int(this.time);
    writeFields(out, this.names, this.fields);
  }

  read(from: ByteReader): void {
    this.clear();
    if (from.byte() === 0) return;
    this.time = from.int();
    this.fields = readFields(from, this.names);
  }
}

/** `first`: the named fields of the earliest event. A sliding window keeps those that may become it. */
export class Earliest extends Form {
  private readonly ring = new Ring<Fields | undefined>(undefined);

  constructor(
    plan: Plan,
    private readonly names: readonly string[],
  ) {
    super(plan);
  }

  advance(ts: number): void {
    const begin = ts - this.plan.windowMs;
    while (this.ring.size > 0 && this.ring.firstTs() <= begin) this.ring.shift();
  }

  enter(time: number, value: FieldValue): void {
    if (!isFields(value)) return;
    const { ring, plan } = this;
    if (plan.windowMs === Infinity && ring.size > 0) {
      if (time >= ring.firstTs()) return;
      ring.shift();
    } else if (ring.size >= plan.entriesMax) {
      this.dropped++;
      if (time < ring.firstTs()) return;
      ring.shift();
    }
    ring.insert(time, value);
  }

  answer(ts: number): FieldValue {
    return this.ring.size === 0 || this.ring.firstTs() > ts ? undefined : this.ring.valueAt(0);
  }

  expiresAt(): number {
    return this.ring.size === 0 ? -Infinity : this.leavesAt(this.ring.lastTs());
  }

  clear(): void {
    this.ring.clear();
  }

  write(out: ByteWriter): void {
    this.ring.write(out, (to, fields) => writeFields(to, this.names, fields as Fields));
    out.uint(this.dropped);
  }

  read(from: ByteReader): void {
    this.ring.read(from, (bytes) => readFields(bytes, this.names));
    this.dropped = from.uint();
  }
}
