/**
 * @file Messages on a stream of bytes: each behind a mark, its length and its checksum, so that whatever is no message is noticed before anybody reads
 * it: lengths within an Arrow message that are wrong would have its reader take all memory.
 */
import type { Writable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { UserError } from '@arrowsmith/errors';

/** "AWT1", little-endian. */
const MARK = 0x31545741;

/** The mark, the message's length and its checksum (CRC-32), as 32-bit integers. */
const HEADER_BYTES = 12;

/** A pass over a few thousand tokens is some megabytes. */
const MOST_BYTES = 2 ** 30;

/**
 * The bytes that say a message.
 *
 * @param parts of the message, which are copied
 * @param memory is written to, where it is large enough
 */
export function frameOf(parts: readonly Uint8Array[], memory: Buffer = Buffer.alloc(0)): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const size = HEADER_BYTES + length;
  const frame = memory.length >= size ? memory.subarray(0, size) : Buffer.allocUnsafeSlow(size);
  let at = HEADER_BYTES;
  for (const part of parts) {
    frame.set(part, at);
    at += part.length;
  }
  frame.writeUInt32LE(MARK, 0);
  frame.writeUInt32LE(length, 4);
  frame.writeUInt32LE(crc32(frame.subarray(HEADER_BYTES)), 8);
  return frame;
}

/** Writes messages to a stream. Their memory is used again as soon as they are written: fresh memory for each would keep the garbage collector busy. */
export class FrameWriter {
  readonly #stream: Writable;
  readonly #free: Buffer[] = [];

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  write(parts: readonly Uint8Array[]): void {
    const memory = this.#free.pop();
    const frame = frameOf(parts, memory);
    const whole = frame.buffer === memory?.buffer ? memory : frame;
    this.#stream.write(frame, () => this.#free.push(whole));
  }
}

/** Puts messages together from the pieces that a stream comes in. */
export class FrameReader {
  readonly #onMessage: (message: Uint8Array) => void;
  #buffer = new Uint8Array(HEADER_BYTES);
  #filled = 0;
  #isHeader = true;
  #checksum = 0;

  /** @param onMessage gets memory that is its own, aligned to words */
  constructor(onMessage: (message: Uint8Array) => void) {
    this.#onMessage = onMessage;
  }

  /** @throws UserError where the bytes are no messages, and whatever `onMessage` throws */
  push(piece: Uint8Array): void {
    for (let at = 0; at < piece.length;) {
      const part = piece.subarray(at, at + this.#buffer.length - this.#filled);
      this.#buffer.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#buffer.length) this.#complete();
    }
  }

  #complete(): void {
    const buffer = this.#buffer;
    this.#filled = 0;
    this.#isHeader = !this.#isHeader;
    if (this.#isHeader) {
      this.#buffer = new Uint8Array(HEADER_BYTES);
      const checksum = crc32(buffer);
      if (checksum !== this.#checksum) throw noMessage(`the checksum ${this.#checksum}`, `${checksum}`);
      this.#onMessage(buffer);
    } else {
      const { length, checksum } = headerIn(buffer);
      this.#buffer = new Uint8Array(length);
      this.#checksum = checksum;
    }
  }
}

function headerIn(header: Uint8Array): { length: number; checksum: number } {
  const view = new DataView(header.buffer, header.byteOffset);
  const [mark, length, checksum] = [0, 4, 8].map((at) => view.getUint32(at, true)) as [number, number, number];
  if (mark === MARK && length > 0 && length <= MOST_BYTES) return { length, checksum };
  throw noMessage(
    `the mark 0x${MARK.toString(16)} and a length of 1 to ${MOST_BYTES}`,
    `0x${mark.toString(16)} and ${length}`,
  );
}

const noMessage = (expected: string, found: string): UserError =>
  new UserError({
    what: 'what a process of the other tier says is no message',
    expected,
    found,
    fix: 'both tiers have to be of one version; nothing else may write to their connection',
  });
