import type { ByteReader, ByteWriter } from '../../state/bytes.js';
import { engineLimits } from '../limits.js';

/** How often a rule may fire for one key. `muteMs` Infinity: once for as long as the state lasts. */
export type FirePolicy =
  | { readonly kind: 'each' }
  | { readonly kind: 'once'; readonly muteMs: number }
  | { readonly kind: 'reset' }
  | { readonly kind: 'rearm' };

/**
 * What a firing policy remembers for one rule and key: until when it is muted, for each value of `per`, or whether it is
 * armed. A value's mute ends at `until`: an event exactly then may fire again.
 */
export class FiringState {
  /** text of the `per` facts ('' without `per`) → muted for events before this, epoch ms; Infinity = for ever */
  private readonly mutedUntil = new Map<string, number>();
  /** values forgotten for the bound: they may fire again too early */
  dropped = 0;

  /** Whether the rule may fire at `ts`; if so it has. */
  fire(policy: FirePolicy, per: string, ts: number): boolean {
    const until = this.mutedUntil.get(per);
    if (until !== undefined && ts < until) return false;
    if (policy.kind === 'once') this.mute(per, ts + policy.muteMs, ts);
    else if (policy.kind === 'rearm' || per !== '') this.mute(per, Infinity, ts);
    return true;
  }

  /** The rule may fire again for this value. */
  rearm(per: string): void {
    this.mutedUntil.delete(per);
  }

  private mute(per: string, until: number, ts: number): void {
    this.mutedUntil.delete(per);
    if (this.mutedUntil.size >= engineLimits.firedPerMax) this.makeRoom(ts);
    this.mutedUntil.set(per, until);
  }

  private makeRoom(ts: number): void {
    for (const [value, until] of this.mutedUntil) if (until <= ts) this.mutedUntil.delete(value);
    if (this.mutedUntil.size < engineLimits.firedPerMax) return;
    for (const oldest of this.mutedUntil.keys()) {
      this.mutedUntil.delete(oldest);
      this.dropped++;
      return;
    }
  }

  /** Each value that is muted, with when it may fire again, epoch ms; Infinity: not by time alone. */
  get standing(): readonly { readonly per: string; readonly until: number }[] {
    return [...this.mutedUntil].map(([per, until]) => ({ per, until }));
  }

  clear(): void {
    this.mutedUntil.clear();
  }

  /** epoch ms from which the state says nothing any more; -Infinity when it says nothing now */
  expiresAt(): number {
    let latest = -Infinity;
    for (const until of this.mutedUntil.values()) if (until > latest) latest = until;
    return latest;
  }

  write(out: ByteWriter): void {
    out.uint(this.mutedUntil.size);
    for (const [value, until] of this.mutedUntil) {
      out.text(value);
      out.value(until === Infinity ? null : until);
    }
    out.uint(this.dropped);
  }

  read(from: ByteReader): void {
    this.mutedUntil.clear();
    for (let n = from.uint(); n > 0; n--) {
      const value = from.text();
      const until = from.value();
      this.mutedUntil.set(value, typeof until === 'number' ? until : Infinity);
    }
    this.dropped = from.uint();
  }
}
