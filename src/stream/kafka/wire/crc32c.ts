/** Eight tables of the Castagnoli polynomial, reflected: slicing by 8 (Kounavis and Berry, 2005). */
const TABLES = makeTables();

/** CRC-32C of `bytes[from … end)`, unsigned. */
export function crc32c(bytes: Uint8Array, from = 0, end: number = bytes.length): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
  let crc = -1;
  let i = from;
  for (; i + 8 <= end; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      t7[crc & 0xff]! ^ t6[(crc >>> 8) & 0xff]! ^ t5[(crc >>> 16) & 0xff]! ^ t4[crc >>> 24]! ^
      t3[bytes[i + 4]!]! ^ t2[bytes[i + 5]!]! ^ t1[bytes[i + 6]!]! ^ t0[bytes[i + 7]!]!;
  }
  for (; i < end; i++) crc = t0[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

type Tables = readonly [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array];

function makeTables(): Tables {
  const table = (): Int32Array => new Int32Array(256);
  const tables: Tables = [table(), table(), table(), table(), table(), table(), table(), table()];
  for (let n = 0; n < 256; n++) {
    let crc = n;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    tables[0][n] = crc;
  }
  for (let n = 0; n < 256; n++) {
    let crc = tables[0][n]!;
    for (let k = 1; k < 8; k++) {
      crc = tables[0][crc & 0xff]! ^ (crc >>> 8);
      tables[k]![n] = crc;
    }
  }
  return tables;
}
