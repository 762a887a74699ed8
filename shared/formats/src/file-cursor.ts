/** @file Reads a file from its beginning on, number by number, without trusting it: what it says of lengths is checked against its size before memory is taken. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { UserError } from '@arrowsmith/errors';

/** Read at once. */
const CHUNK = 64 * 1024;

/** What a file is not, found while it is read; whoever reads it says which file. */
export class InvalidFile extends Error {
  readonly problem: string;
  readonly expected: string;
  readonly found: string;
  readonly fix: string | undefined;

  constructor(problem: string, expected: string, found: string, fix?: string) {
    super(`${problem}: ${expected}, ${found}`);
    [this.problem, this.expected, this.found, this.fix] = [problem, expected, found, fix];
  }
}

/** Little-endian numbers of a file, one after another. */
export interface FileCursor {
  /** Bytes that were read. */
  position(): number;
  /** Bytes that are left in the file. */
  left(): number;
  /** So many bytes, which are copied. @throws InvalidFile where the file is shorter, or the limit is reached */
  bytes(count: number, what: string): Buffer;
  /** The same, not copied: until the next read. */
  view(count: number, what: string): Buffer;
  uint8(what: string): number;
  uint32(what: string): number;
  int32(what: string): number;
  /** @throws InvalidFile for a number beyond 2⁵³, too */
  uint64(what: string): number;
}

/**
 * @param descriptor of a file that is open, of `size` bytes
 * @param most bytes that are read at most
 */
export function fileCursor(descriptor: number, size: number, most: number): FileCursor {
  let buffer = Buffer.alloc(0);
  let [start, at] = [0, 0]; // of the buffer in the file, and of what is read next in the buffer

  /** Makes so many bytes be in the buffer, and goes behind them. @returns where they begin */
  function take(count: number, what: string): number {
    const position = start + at;
    if (count > size - position) {
      throw new InvalidFile(
        'is truncated',
        `${count} bytes of ${what}`,
        `${size - position} bytes to the end of the file`,
      );
    }
    if (position + count > most) {
      throw new InvalidFile('has too long a header', `at most ${most} bytes`, `more, at ${what}`);
    }
    if (at + count > buffer.length) {
      const rest = buffer.subarray(at);
      const next = Buffer.alloc(Math.min(Math.max(count, CHUNK), size - position));
      rest.copy(next);
      fill(descriptor, next, rest.length, position + rest.length);
      [buffer, start, at] = [next, position, 0];
    }
    at += count;
    return at - count;
  }

  return {
    position: () => start + at,
    left: () => size - start - at,
    bytes(count, what) {
      const from = take(count, what);
      return Buffer.from(buffer.subarray(from, from + count));
    },
    view(count, what) {
      const from = take(count, what);
      return buffer.subarray(from, from + count);
    },
    uint8: (what) => {
      const from = take(1, what);
      return buffer.readUInt8(from);
    },
    uint32: (what) => {
      const from = take(4, what);
      return buffer.readUInt32LE(from);
    },
    int32: (what) => {
      const from = take(4, what);
      return buffer.readInt32LE(from);
    },
    uint64(what) {
      const from = take(8, what);
      const value = buffer.readUInt32LE(from) + 2 ** 32 * buffer.readUInt32LE(from + 4);
      if (value <= Number.MAX_SAFE_INTEGER) return value;
      throw new InvalidFile('is damaged', `${what} below 2⁵³`, String(buffer.readBigUInt64LE(from)));
    },
  };
}

/** Reads into the rest of a buffer. @throws InvalidFile where the file has become shorter */
export function fill(descriptor: number, buffer: Uint8Array, from: number, position: number): void {
  for (let done = from; done < buffer.length;) {
    // Linux reads at most 2³¹ − 4096 bytes at once.
    const count = readSync(descriptor, buffer, done, Math.min(buffer.length - done, 2 ** 30), position + done - from);
    if (count === 0) {
      const expected = `${position + buffer.length - from} bytes`;
      throw new InvalidFile('became shorter while it was read', expected, `${position + done - from} bytes`);
    }
    done += count;
  }
}

/**
 * Opens a file for as long as the work takes.
 *
 * @param expected what it should be, for errors: `a GGUF file`
 * @throws UserError where it cannot be read, and for what the work finds invalid
 */
export function withFile<T>(path: string, expected: string, work: (descriptor: number, size: number) => T): T {
  let descriptor: number | undefined;
  try {
    if (!statSync(path).isFile()) throw cannotRead(path, expected, 'a folder, a pipe or a device'); // which may block, or never end
    descriptor = openSync(path, 'r');
    return work(descriptor, fstatSync(descriptor).size);
  } catch (error) {
    if (error instanceof InvalidFile) throw invalid(path, error);
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw cannotRead(path, expected, code === 'ENOENT' ? 'no such file' : message, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

const invalid = (path: string, { problem, expected, found, fix }: InvalidFile): UserError =>
  new UserError({ what: `${path} ${problem}`, expected, found, fix: fix ?? 'download or convert the file again' });

const cannotRead = (path: string, expected: string, found: string, cause?: unknown): UserError =>
  new UserError({ what: `cannot read ${path}`, expected, found, fix: 'check the path' }, { cause });
