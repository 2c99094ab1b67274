/**
 * A dotted IPv4 address as an unsigned 32-bit number.
 * @returns -1 where the text is not one (four decimal octets without leading zeros, which some readers take for octal)
 */
export function ipv4Of(text: string): number {
  let address = 0;
  let octet = -1;
  let octets = 0;
  if (text.length > 15) return -1;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 46;
    if (code === 46) {
      if (octet < 0 || octets === 4) return -1;
      address = address * 256 + octet;
      octets++;
      octet = -1;
    } else {
      if (code < 48 || code > 57 || octet === 0) return -1;
      octet = Math.max(octet, 0) * 10 + code - 48;
      if (octet > 255) return -1;
    }
  }
  return octets === 4 ? address : -1;
}

/** `203.0.113.0` of an unsigned 32-bit number. */
export function ipv4Text(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** An IPv6 address (RFC 4291 text, embedded IPv4 allowed, no zone) as eight groups of 16 bits; null where the text is not one. */
export function ipv6Of(text: string): number[] | null {
  if (text.length < 2 || text.length > 45) return null;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] as string, halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1] as string, true) : [];
  if (!head || !tail) return null;
  if (halves.length === 1) return head.length === 8 ? head : null;
  const zeros = 8 - head.length - tail.length;
  return zeros >= 1 ? [...head, ...new Array<number>(zeros).fill(0), ...tail] : null;
}

function groupsOf(text: string, last: boolean): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as string;
    if (last && i === parts.length - 1 && part.includes('.')) {
      const v4 = ipv4Of(part);
      if (v4 < 0) return null;
      groups.push(v4 >>> 16, v4 & 0xffff);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups.length <= 8 ? groups : null;
}

/** Whether an address lies in a network; undefined where the text is no address. An address of the other family lies outside. */
export type NetworkTest = (address: string) => boolean | undefined;

/** Reads `10.0.0.0/8`, `2001:db8::/32`, or a single address. Bits of the network's address past the prefix are ignored. */
export function parseNetwork(text: string): NetworkTest | null {
  const found = /^([^/]{2,45})(?:\/(\d{1,3}))?$/.exec(text);
  if (!found) return null;
  const address = found[1] as string;
  const v4 = ipv4Of(address);
  const bits = found[2] === undefined ? (v4 >= 0 ? 32 : 128) : Number(found[2]);
  if (v4 >= 0) return bits <= 32 ? ipv4Network(v4, bits) : null;
  const v6 = ipv6Of(address);
  return v6 && bits <= 128 ? ipv6Network(v6, bits) : null;
}

function ipv4Network(network: number, bits: number): NetworkTest {
  const size = 2 ** (32 - bits);
  const first = Math.floor(network / size);
  return (address) => {
    const v4 = ipv4Of(address);
    if (v4 >= 0) return Math.floor(v4 / size) === first;
    return ipv6Of(address) ? false : undefined;
  };
}

function ipv6Network(network: readonly number[], bits: number): NetworkTest {
  return (address) => {
    if (ipv4Of(address) >= 0) return false;
    const groups = ipv6Of(address);
    return groups ? samePrefix(groups, network, bits) : undefined;
  };
}

function samePrefix(a: readonly number[], b: readonly number[], bits: number): boolean {
  for (let i = 0; i < 8; i++) {
    const here = Math.min(16, Math.max(0, bits - i * 16));
    if ((a[i] as number) >>> (16 - here) !== (b[i] as number) >>> (16 - here)) return false;
  }
  return true;
}

/**
 * The network of an address as text: `203.0.113.0/24`.
 * @param bits4 prefix of an IPv4 address, 0 … 32
 * @param bits6 prefix of an IPv6 address, 0 … 128; null: IPv6 addresses have no network here
 * @returns undefined where the text is no address
 */
export function networkText(address: string, bits4: number, bits6: number | null): string | undefined {
  const v4 = ipv4Of(address);
  if (v4 >= 0) {
    const size = 2 ** (32 - bits4);
    return `${ipv4Text(Math.floor(v4 / size) * size)}/${bits4}`;
  }
  const v6 = bits6 === null ? null : ipv6Of(address);
  if (!v6 || bits6 === null) return undefined;
  const groups = v6.map((group, i) => {
    const here = Math.min(16, Math.max(0, bits6 - i * 16));
    return ((group >>> (16 - here)) << (16 - here)).toString(16);
  });
  return `${groups.join(':')}/${bits6}`;
}
