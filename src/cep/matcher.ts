import type { FieldValue, StreamEvent } from '../event/stream-event.js';
import type { PatternSpec } from './pattern.js';

/** What came of an event or of the passing of time. */
export interface PatternOutput {
  /** `match`: complete; `timeout`: could not be completed in time (`onTimeout: signal`); `resolved`: what was missing came after all */
  readonly kind: 'match' | 'timeout' | 'resolved';
  /** epoch ms: time of the completing event, or the deadline that passed */
  readonly at: number;
  /** whether the passing of time gave it, not an event */
  readonly byTime: boolean;
  /** all events in the order taken, each with the flat number of its stage */
  readonly taken: readonly TakenEvent[];
  /** the event that completed the match or resolved it; null when time did. A captured copy */
  readonly trigger: StreamEvent | null;
  /** matches completed by the same event or deadline, this one included, whatever `limit` lets out */
  readonly count: number;
  /** 0, or the number of the repetition (`repeatEvery`) */
  readonly repeat: number;
  /** partial matches of this key were dropped for the bound: there may be more or other matches */
  readonly overflowed: boolean;
}

export interface TakenEvent {
  readonly stage: number;
  readonly event: StreamEvent;
}

/** A partial match as shown to people. */
export interface PartialMatch {
  readonly taken: readonly TakenEvent[];
  /** how it could go on, the preferred way first */
  readonly waitsFor: readonly Awaited[];
}

export interface Awaited {
  /** `event`: one for stage `stage`; `absence`: that the time passes; `next`: that the next event is not a forbidden one; `release`: complete, held back (`emit: ordered`) */
  readonly what: 'event' | 'absence' | 'next' | 'release';
  readonly stage: number | null;
  /** last moment, epoch ms; Infinity where there is none */
  readonly untilMs: number;
}

/** What state bytes are written with; `ByteWriter` is one. */
export interface StateWriter {
  byte(value: number): void;
  uint(value: number): void;
  int(value: number): void;
  double(value: number): void;
  text(value: string): void;
  value(value: FieldValue): void;
}

/** What state bytes are read with; `ByteReader` is one. */
export interface StateReader {
  byte(): number;
  uint(): number;
  /** a slot of the layout, which may have another number now than when it was written */
  slot(): number;
  int(): number;
  double(): number;
  text(): string;
  value(): FieldValue;
}

export interface CompileOptions {
  /** copies an event that is kept: the record given to `step` is overwritten by the next event. Called once per event and key */
  readonly capture: (event: StreamEvent) => StreamEvent;
  /** partial matches of one key; the oldest goes when there would be more. Default `MAX_PARTIAL_MATCHES` */
  readonly maxPartialMatches?: number;
  /** `false` runs every pattern on the general matcher. Default `true` */
  readonly fast?: boolean;
}

/** A pattern ready to run; has no state of its own and serves all keys. */
export interface CompiledPattern {
  readonly spec: PatternSpec;
  /** stage names by flat number */
  readonly stageNames: readonly string[];
  /** how it runs: `general`, or the name of the fast form that was chosen */
  readonly form: string;
  /** types of which an event must be one to have any effect, or null if any event can have one (strict contiguity, a check without types) */
  readonly types: readonly string[] | null;
  newState(): PatternState;
}

/**
 * The partial matches of one key. Deterministic: outputs, and their order, are a function of the calls made.
 * Outputs of one call are in this order: what passed by time, by deadline; within one moment matches come before timeouts, and
 * each kind goes by first event, then by the events taken (earlier stage, then earlier event, first); then what the event gave.
 */
export interface PatternState {
  /**
   * Offers an event; its time must not be before that of any earlier call. Deadlines before `event.ts` fire first.
   * @param event may be reused by the caller after the call
   * @returns what came of it; a shared empty list if nothing. No allocation when the event fits nothing that is awaited
   */
  step(event: StreamEvent): readonly PatternOutput[];
  /** Lets time pass: a deadline D fires when `watermarkMs` > D (with `edge: exclusive` when >= D). */
  advanceTime(watermarkMs: number): readonly PatternOutput[];
  /** The deadline at which something next happens by time, epoch ms; Infinity if nothing will. */
  nextDeadline(): number;
  /**
   * When it is to be asked what time alone has taken away, where time gives nothing: a moment at which something is over, and not later than
   * everything is (or could be, by the events kept). Epoch ms; Infinity if nothing will be. What is over is met by no event, so it may stay until then.
   * Also where events came out of order, which an idle clock may let happen, something goes when time has passed it: who asks until nothing is due comes to an end.
   */
  restsAt(): number;
  /** -Infinity where nothing is kept, so that the state may be thrown away; Infinity otherwise: it is asked by its deadlines */
  expiresAt(): number;
  /** Nothing is kept. */
  isEmpty(): boolean;
  /** Dropped for the bound since the state was last empty. */
  readonly dropped: number;
  /** What is under way, the oldest first. */
  partialMatches(): readonly PartialMatch[];
  /** Forgets everything (fire policy `reset`). */
  clear(): void;
  /** Writes the state; `read` into a new state of the same pattern gives one that acts the same. */
  write(out: StateWriter): void;
  /** @throws EngineError `state.unknown-format` on bytes of another form or pattern shape */
  read(from: StateReader): void;
}
