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
  /** muted for events before this, epoch ms, where the rule fires for the key as such; Infinity = for ever, -Infinity = not muted */
  private keyUntil = -Infinity;
  /** the same for each text of the `per` facts; null: none has been muted */
  private perUntil: Map<string, number> | null = null;
  /** values forgotten for the bound: they may fire again too early */
  dropped = 0;

  /** Whether the rule may fire at `ts`; if so it has. @param per text of the `per` facts, '' without any */
  fire(policy: FirePolicy, per: string, ts: number): boolean {
    if (ts < this.untilOf(per)) return false;
    if (policy.kind === 'once') this.mute(per, ts + policy.muteMs, ts);
    else if (policy.kind === 'rearm' || per !== '') this.mute(per, Infinity, ts);
    return true;
  }

  private untilOf(per: string): number {
    return per === '' ? this.keyUntil : (this.perUntil?.get(per) ?? -Infinity);
  }

  /** The rule may fire again for this value. */
  rearm(per: string): void {
    if (per === '') this.keyUntil = -Infinity;
    else this.perUntil?.delete(per);
  }

  private mute(per: string, until: number, ts: number): void {
    if (per === '') {
      this.keyUntil = until;
      return;
    }
    const values = (this.perUntil ??= new Map());
    values.delete(per);
    if (values.size >= engineLimits.firedPerMax) this.makeRoom(values, ts);
    values.set(per, until);
  }

  private makeRoom(values: Map<string, number>, ts: number): void {
    for (const [value, until] of values) if (until <= ts) values.delete(value);
    if (values.size < engineLimits.firedPerMax) return;
    for (const oldest of values.keys()) {
      values.delete(oldest);
      this.dropped++;
      return;
    }
  }

  /** Each value that is muted, with when it may fire again, epoch ms; Infinity: not by time alone. */
  get standing(): readonly { readonly per: string; readonly until: number }[] {
    const ofKey = this.keyUntil === -Infinity ? [] : [{ per: '', until: this.keyUntil }];
    return [...ofKey, ...[...(this.perUntil ?? [])].map(([per, until]) => ({ per, until }))];
  }

  clear(): void {
    this.keyUntil = -Infinity;
    this.perUntil = null;
  }

  /** epoch ms from which the state says nothing any more; -Infinity when it says nothing now */
  expiresAt(): number {
    let latest = this.keyUntil;
    if (this.perUntil !== null) for (const until of this.perUntil.values()) if (until > latest) latest = until;
    return latest;
  }

  write(out: ByteWriter): void {
    const { standing } = this;
    out.uint(standing.length);
    for (const { per, until } of standing) {
      out.text(per);
      out.value(until === Infinity ? null : until);
    }
    out.uint(this.dropped);
  }

  read(from: ByteReader): void {
    this.clear();
    for (let n = from.uint(); n > 0; n--) {
      const per = from.text();
      const until = from.value();
      const at = typeof until === 'number' ? until : Infinity;
      if (per === '') this.keyUntil = at;
      else (this.perUntil ??= new Map()).set(per, at);
    }
    this.dropped = from.uint();
  }
}
