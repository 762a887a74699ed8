/**
 * @file Zstandard (RFC 8878), compiled to WebAssembly: the same bytes on every machine and with every Node, of which only those from 22.15 on have it
 * themselves.
 */

export interface Zstandard {
  /** A frame of these bytes. */
  compress(bytes: Uint8Array): Uint8Array;
  /** The content of a frame. @throws Error where it is none, or has not so many bytes; never takes memory for more */
  decompress(frame: Uint8Array, size: number): Uint8Array;
}

/**
 * From level 13 on the search for matches weighs what they cost against what the entropy coder makes of the bytes: below, heads of numbers get
 * matches that are chance, and take 3.2 bits in place of 2.6. Higher levels save nothing more here.
 */
const LEVEL = 15;

let loading: Promise<Zstandard> | undefined;

/** Loads the library, once. */
export function loadZstandard(): Promise<Zstandard> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Zstandard> {
  const { compress, decompress, isLoaded } = await import('@foxglove/wasm-zstd');
  await isLoaded;
  return {
    compress: (bytes) => compress(bytes, LEVEL),
    decompress(frame, size) {
      const bytes = decompress(frame, size);
      if (bytes.length !== size) throw new Error(`a frame of ${bytes.length} bytes, not ${size}`);
      return bytes;
    },
  };
}
