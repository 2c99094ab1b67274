const FIRST_BYTES = 4_096;

/**
 * Bytes that come in pieces, in one buffer that doubles. A piece of one byte costs some hundred as a buffer of its own; a client that sends
 * many of them must not make us hold more than it sends.
 */
export class GrowingBytes {
  private bytes = Buffer.alloc(0);
  private used = 0;

  get length(): number {
    return this.used;
  }

  add(piece: Buffer): void {
    const needed = this.used + piece.length;
    if (needed > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, needed, 2 * this.bytes.length));
      this.bytes.copy(grown, 0, 0, this.used);
      this.bytes = grown;
    }
    piece.copy(this.bytes, this.used);
    this.used = needed;
  }

  /** All of them; this object is empty afterwards and does not touch them again. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.used);
    this.bytes = Buffer.alloc(0);
    this.used = 0;
    return taken;
  }
}
