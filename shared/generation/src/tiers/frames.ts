/** @file Messages on a stream of bytes: each behind a mark and its length, so that whatever is no message is noticed at once. */
import { UserError } from '@arrowsmith/errors';

/** "AWT1", little-endian. */
const MARK = 0x31545741;

/** The mark, and the message's length, as 32-bit integers. */
const HEADER_BYTES = 8;

/** A pass over a few thousand tokens is some megabytes. */
const MOST_BYTES = 2 ** 30;

/** The bytes that say a message. @param parts of the message, which are copied */
export function frameOf(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const header = new Uint8Array(HEADER_BYTES);
  new DataView(header.buffer).setUint32(0, MARK, true);
  new DataView(header.buffer).setUint32(4, length, true);
  return Buffer.concat([header, ...parts], HEADER_BYTES + length);
}

/** Puts messages together from the pieces that a stream comes in. */
export class FrameReader {
  readonly #onMessage: (message: Uint8Array) => void;
  #buffer = new Uint8Array(HEADER_BYTES);
  #filled = 0;
  #isHeader = true;

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
    const isHeader = this.#isHeader;
    this.#buffer = new Uint8Array(isHeader ? lengthIn(buffer) : HEADER_BYTES);
    this.#filled = 0;
    this.#isHeader = !isHeader;
    if (!isHeader) this.#onMessage(buffer);
  }
}

function lengthIn(header: Uint8Array): number {
  const view = new DataView(header.buffer, header.byteOffset);
  const [mark, length] = [view.getUint32(0, true), view.getUint32(4, true)];
  if (mark === MARK && length > 0 && length <= MOST_BYTES) return length;
  throw new UserError({
    what: 'what a process of the other tier says is no message',
    expected: `the mark 0x${MARK.toString(16)} and a length of 1 to ${MOST_BYTES}`,
    found: `0x${mark.toString(16)} and ${length}`,
    fix: 'both tiers have to be of one version; nothing else may write to their connection',
  });
}
