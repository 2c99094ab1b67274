import { describe, expect, it } from '@jest/globals';
import { instantOf } from '../../src/rules/text/instant.js';
import { ipv4Of, ipv6Of, networkText, parseNetwork } from '../../src/rules/text/ip-address.js';
import { ruleLimits } from '../../src/rules/limits.js';
import { compileRegex, regexSize } from '../../src/rules/text/regex.js';

describe('addresses', () => {
  it.each<[string, number]>([
    ['0.0.0.0', 0],
    ['255.255.255.255', 4_294_967_295],
    ['203.0.113.9', 3_405_803_785],
    ['1.2.3', -1],
    ['1.2.3.4.5', -1],
    ['1.2.3.256', -1],
    ['01.2.3.4', -1],
    ['1..3.4', -1],
    ['1.2.3.4 ', -1],
    ['', -1],
  ])('%j as IPv4', (text, address) => {
    expect(ipv4Of(text)).toBe(address);
  });

  it.each<[string, number[] | null]>([
    ['::', [0, 0, 0, 0, 0, 0, 0, 0]],
    ['2001:db8::1', [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]],
    ['1:2:3:4:5:6:7:8', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['::ffff:1.2.3.4', [0, 0, 0, 0, 0, 0xffff, 0x102, 0x304]],
    ['1:2:3:4:5:6:7', null],
    ['1::2::3', null],
    ['1:2:3:4:5:6:7:8::', null],
    ['12345::', null],
    ['1.2.3.4', null],
  ])('%j as IPv6', (text, groups) => {
    expect(ipv6Of(text)).toEqual(groups);
  });

  it.each<[string, string, boolean | undefined]>([
    ['10.0.0.0/8', '10.9.9.9', true],
    ['10.0.0.5/8', '10.9.9.9', true],
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '10.0.0.2', false],
    ['0.0.0.0/0', '9.9.9.9', true],
    ['2001:db8::/33', '2001:db8:7fff::', true],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['::/0', '2001:db8::', true],
    ['10.0.0.0/8', 'host', undefined],
  ])('%s holds %s: %j', (network, address, expected) => {
    expect(parseNetwork(network)?.(address)).toBe(expected);
  });

  it('refuses networks that are none', () => {
    expect(['10.0.0.0/33', 'x/8', '1.2.3/8', '::/129', ''].map(parseNetwork)).toEqual([null, null, null, null, null]);
  });

  it('names the network of an address', () => {
    expect([networkText('203.0.113.77', 24, null), networkText('203.0.113.77', 0, null), networkText('2001:db8:9::', 24, 32), networkText('2001:db8::', 24, null)]).toEqual(['203.0.113.0/24', '0.0.0.0/0', '2001:db8:0:0:0:0:0:0/32', undefined]);
  });
});

describe('points in time', () => {
  it.each<[string | number, number | undefined]>([
    [5, 5],
    ['1970-01-01T00:00:01Z', 1_000],
    ['1970-01-01T01:00:01+01:00', 1_000],
    ['1970-01-02', 86_400_000],
    ['1970-01-01T00:00:00.250Z', 250],
    ['1970-01-01T00:00:00', undefined],
    ['1970-13-01', undefined],
    ['yesterday', undefined],
  ])('%j', (value, ms) => {
    expect(instantOf(value)).toBe(ms);
  });
});

describe('regular expressions', () => {
  it.each<[string, number]>([
    ['abc', 3],
    ['a{5}', 5],
    ['[0-9]{12}', 60],
    ['\\d{2,7}x', 15],
    ['(ab){3}', 12],
    ['((a{2}){2}b){3}', 33],
    ['a{2,}', 2],
    ['[]a]{2}', 8],
    ['[A-Z]{2}[0-9]{2}[A-Z0-9]{4}[0-9]{7}', 87],
  ])('%s is as large as %d characters', (pattern, size) => {
    expect(regexSize(pattern)).toBe(size);
  });

  it('is refused when it is too large written out, and looks at no text that is too long', () => {
    expect(compileRegex('a{500}b{499}')).toBeInstanceOf(Function);
    expect(compileRegex('(a{50}){20}')).toMatchObject({ message: expect.stringContaining('smaller repeat counts') });
    const test = compileRegex('a$');
    if (typeof test !== 'function') throw new Error(test.message);
    const longest = 'a'.repeat(ruleLimits.regexInputCharsMax);
    expect([test(longest), test(`${longest}a`)]).toEqual([true, undefined]);
  });
});
