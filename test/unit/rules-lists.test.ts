import { describe, expect, it } from '@jest/globals';
import { ByteReader, ByteWriter } from '../../src/state/bytes.js';
import { ListStore } from '../../src/rules/list-store.js';

const bytesOf = (store: ListStore): Uint8Array => {
  const out = new ByteWriter();
  store.write(out);
  return out.take();
};

describe('managed lists', () => {
  it('has an entry until it expires, by the time of the event', () => {
    const lists = new ListStore();
    lists.set('vpn', 'a', 10);
    lists.set('vpn', 'b', null);
    expect([lists.has('vpn', 'a', 9), lists.has('vpn', 'a', 10), lists.has('vpn', 'b', 10), lists.has('vpn', 'c', 0), lists.has('none', 'a', 0)]).toEqual([true, false, true, false, false]);
  });

  it('moves an expiry, removes and replaces', () => {
    const lists = new ListStore();
    lists.set('vpn', 'a', 10);
    lists.set('vpn', 'a', 20);
    lists.set('vpn', 'b');
    lists.remove('vpn', 'b');
    lists.remove('vpn', 'unknown');
    expect([lists.has('vpn', 'a', 15), lists.has('vpn', 'b', 0), lists.sizes()]).toEqual([true, false, [['vpn', 1]]]);
    lists.replace('vpn', [['c', null]]);
    expect([lists.has('vpn', 'a', 0), lists.has('vpn', 'c', 0)]).toEqual([false, true]);
    lists.replace('vpn', []);
    expect(lists.sizes()).toEqual([]);
  });

  it('sweeps what no later event can find', () => {
    const lists = new ListStore();
    lists.set('x', 'a', 10);
    lists.set('y', 'a', 10);
    lists.set('y', 'b', 11);
    lists.sweep(10);
    expect(lists.sizes()).toEqual([['y', 1]]);
  });

  it('is the same after bytes', () => {
    const lists = new ListStore();
    lists.set('vpn', 'a', 10);
    lists.set('vpn', 'ü');
    lists.set('other', 'z', 1_767_225_600_000);
    const copy = new ListStore();
    copy.set('gone', 'x');
    copy.read(new ByteReader(bytesOf(lists)));
    expect(bytesOf(copy)).toEqual(bytesOf(lists));
    expect([copy.has('vpn', 'a', 9), copy.has('vpn', 'ü', 1e15), copy.has('gone', 'x', 0)]).toEqual([true, true, false]);
  });

  it('refuses bytes of another format', () => {
    expect(() => new ListStore().read(new ByteReader(new Uint8Array([9, 0])))).toThrow('state.unknown-format');
  });
});
