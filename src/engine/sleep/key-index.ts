/** What stands for no entry: places begin above it. */
const NONE = 0;
const SHARDS = 1_024;
const FIRST_SLOTS = 8;

/** Where the bytes of an entry are compared with a key. */
export interface KeyPlaces {
  /** Whether the entry at that place is of that key. */
  isKey(place: number, key: Uint8Array, length: number): boolean;
}

/** One open-addressed table with linear probing. Its number of slots is a power of two, at most 65,536 where the key space is spread evenly. */
interface Shard {
  places: Uint32Array;
  /** the low bits of each entry's hash: tell others apart without a look at their bytes, and where an entry belongs when the table grows */
  tags: Uint16Array;
  size: number;
}

/**
 * Places of entries by key, in numbers only: nothing of it is ever looked at by the garbage collector. It grows one of many small tables
 * at a time, so that no insertion takes long.
 */
export class KeyIndex {
  private readonly shards: (Shard | undefined)[] = new Array<undefined>(SHARDS).fill(undefined);

  constructor(private readonly places: KeyPlaces) {}

  /** @param hash of the key, 32 bits @returns the place of the key's entry; 0 where there is none */
  find(hash: number, key: Uint8Array, length: number): number {
    const shard = this.shards[shardOf(hash)];
    if (shard === undefined) return NONE;
    const slot = this.slotOf(shard, hash, key, length);
    return slot < 0 ? NONE : (shard.places[slot] as number);
  }

  /** Enters a key that is not there. @param place 1 … 2^32 − 1 */
  add(hash: number, place: number): void {
    const number = shardOf(hash);
    const shard = (this.shards[number] ??= { places: new Uint32Array(FIRST_SLOTS), tags: new Uint16Array(FIRST_SLOTS), size: 0 });
    if ((shard.size + 1) * 8 > shard.places.length * 7) grow(shard);
    insert(shard, hash & TAG, place);
    shard.size++;
  }

  /** The entry of a key has moved from one place to another. */
  move(hash: number, from: number, to: number): void {
    const shard = this.shards[shardOf(hash)] as Shard;
    const mask = shard.places.length - 1;
    let slot = hash & TAG & mask;
    while (shard.places[slot] !== from) slot = (slot + 1) & mask;
    shard.places[slot] = to;
  }

  /** Takes a key out. @returns the place of its entry; 0 where there is none */
  remove(hash: number, key: Uint8Array, length: number): number {
    const shard = this.shards[shardOf(hash)];
    if (shard === undefined) return NONE;
    const slot = this.slotOf(shard, hash, key, length);
    if (slot < 0) return NONE;
    const place = shard.places[slot] as number;
    closeGap(shard, slot);
    shard.size--;
    if (shard.size === 0) this.shards[shardOf(hash)] = undefined;
    return place;
  }

  private slotOf(shard: Shard, hash: number, key: Uint8Array, length: number): number {
    const { places, tags } = shard;
    const mask = places.length - 1;
    const tag = hash & TAG;
    for (let slot = tag & mask; ; slot = (slot + 1) & mask) {
      const place = places[slot] as number;
      if (place === NONE) return -1;
      if (tags[slot] === tag && this.places.isKey(place, key, length)) return slot;
    }
  }
}

const TAG = 0xffff;

const shardOf = (hash: number): number => (hash >>> 16) % SHARDS;

function insert({ places, tags }: Shard, tag: number, place: number): void {
  const mask = places.length - 1;
  let slot = tag & mask;
  while (places[slot] !== NONE) slot = (slot + 1) & mask;
  places[slot] = place;
  tags[slot] = tag;
}

function grow(shard: Shard): void {
  const { places, tags } = shard;
  shard.places = new Uint32Array(places.length * 2);
  shard.tags = new Uint16Array(places.length * 2);
  for (let slot = 0; slot < places.length; slot++) if (places[slot] !== NONE) insert(shard, tags[slot] as number, places[slot] as number);
}

/** Entries behind the gap that could not be in their own slot move up, so that a search may still end at the first empty slot. */
function closeGap({ places, tags }: Shard, gap: number): void {
  const mask = places.length - 1;
  let empty = gap;
  for (let slot = (gap + 1) & mask; places[slot] !== NONE; slot = (slot + 1) & mask) {
    const home = (tags[slot] as number) & mask;
    // only what belongs at the gap or before it, seen from its own slot, may go there
    if (((slot - home) & mask) < ((slot - empty) & mask)) continue;
    places[empty] = places[slot] as number;
    tags[empty] = tags[slot] as number;
    empty = slot;
  }
  places[empty] = NONE;
}
