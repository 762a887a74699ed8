/** @file Reads GGUF files by their specification, for tests of what is written: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */

export interface ParsedTensor {
  /** As the file has it: the shortest stride first. */
  dimensions: number[];
  type: number;
  offset: number;
  /** From the tensor's offset to the end of the file. */
  rest: Buffer;
}

export interface ParsedGguf {
  version: number;
  /** With the numbers of their types, of an array with that of its elements behind it. */
  types: Record<string, number[]>;
  metadata: Record<string, unknown>;
  tensors: Map<string, ParsedTensor>;
  bytes: number;
}

/** @throws Error for what the specification does not have */
export function parseGguf(file: Buffer): ParsedGguf {
  let at = 0;
  const uint32 = () => file.readUInt32LE((at += 4) - 4);
  const uint64 = () => Number(file.readBigUInt64LE((at += 8) - 8));
  const text = (): string => {
    const length = uint64();
    at += length;
    return file.toString('utf8', at - length, at);
  };
  const value = (type: number, types: number[]): unknown => {
    switch (type) {
      case 4:
        return uint32();
      case 5:
        return file.readInt32LE((at += 4) - 4);
      case 6:
        return file.readFloatLE((at += 4) - 4);
      case 7:
        return file.readUInt8(at++) === 1;
      case 8:
        return text();
      case 9: {
        const of = uint32();
        types.push(of);
        return Array.from({ length: uint64() }, () => value(of, []));
      }
      default:
        throw new Error(`a value of type ${type}`);
    }
  };
  const magic = file.toString('latin1', 0, 4);
  if (magic !== 'GGUF') throw new Error(`magic ${magic}`);
  at = 4;
  const [version, tensorCount, valueCount] = [uint32(), uint64(), uint64()];
  const types: Record<string, number[]> = {};
  const metadata: Record<string, unknown> = {};
  for (let i = 0; i < valueCount; i++) {
    const key = text();
    const type = uint32();
    types[key] = [type];
    metadata[key] = value(type, types[key]);
  }
  const infos = Array.from({ length: tensorCount }, () => {
    const name = text();
    const dimensions = Array.from({ length: uint32() }, uint64);
    return { name, dimensions, type: uint32(), offset: uint64() };
  });
  const alignment = (metadata['general.alignment'] as number | undefined) ?? 32;
  const start = Math.ceil(at / alignment) * alignment;
  const tensors = new Map(
    infos.map(({ name, ...info }) => [name, { ...info, rest: file.subarray(start + info.offset) }]),
  );
  return { version, types, metadata, tensors, bytes: file.length };
}
