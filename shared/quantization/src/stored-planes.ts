/**
 * @file Tensors of a model's table in planes: their format is that of the numbers and `.planes`, their bytes are a file of planes. Whoever opens the table
 * here reads them as they were before.
 */
import { openWeights, type StoredTensor, type WeightsFile } from '@arrowsmith/artifacts';
import { formatNamed } from './formats/index.ts';
import { PLANE_FORMATS } from './plane-formats.ts';
import { numberLayouts, type PlanesCodec, planesCodec, type PlanesOf } from './planes/index.ts';

const SUFFIX = '.planes';

/** The format of a tensor's numbers, whether or not they are in planes. */
export const formatOfNumbers = (format: string): string =>
  format.endsWith(SUFFIX) && PLANE_FORMATS.includes(format.slice(0, -SUFFIX.length))
    ? format.slice(0, -SUFFIX.length)
    : format;

const matrixOf = ({ shape, format }: Pick<StoredTensor, 'shape' | 'format'>): PlanesOf => ({
  format,
  rows: shape.slice(0, -1).reduce((product, n) => product * n, 1),
  columns: shape.at(-1) ?? 1,
});

/** A tensor in planes, where it has a format that can be and takes less so; otherwise as it is. */
export function storeAsPlanes(codec: PlanesCodec, tensor: StoredTensor): StoredTensor {
  const { shape, format, bytes } = tensor;
  if (!PLANE_FORMATS.includes(format)) return tensor;
  const file = codec.encode(matrixOf(tensor), bytes);
  return file.length < bytes.length ? { shape, format: `${format}${SUFFIX}`, bytes: file } : tensor;
}

/** A table of weights that is opened; format and bytes of its tensors are those that they have outside of planes. */
export interface StoredWeights extends WeightsFile {
  tensors: ReadonlyMap<string, { shape: number[]; format: string; bytes: number; storedBytes: number }>;
  /** @throws UserError where a file of planes is damaged */
  read(name: string, range?: { offset: number; length: number }): Uint8Array;
}

/**
 * Opens a table of weights, some of which may be in planes. Those are read whole, whatever part is asked for.
 *
 * @param mantissaBits reads only the top planes: so many bits of the mantissas of what is in planes
 * @throws UserError as `openWeights`
 */
export async function openStoredWeights(
  path: string,
  { mantissaBits = Infinity }: { mantissaBits?: number | undefined } = {},
): Promise<StoredWeights> {
  const file = await openWeights(path);
  const tensors = new Map(
    [...file.tensors].map(([name, { shape, format, bytes }]) => {
      const ofNumbers = formatOfNumbers(format);
      const { rows, columns } = matrixOf({ shape, format });
      const plain = ofNumbers === format ? bytes : formatNamed(ofNumbers).bytes(rows, columns);
      return [name, { shape, format: ofNumbers, bytes: plain, storedBytes: bytes }] as const;
    }),
  );
  const inPlanes = new Set(
    [...file.tensors.keys()].filter((name) => file.tensors.get(name)?.format !== tensors.get(name)?.format),
  );
  const codec = inPlanes.size === 0 ? undefined : await planesCodec();
  return {
    metadata: file.metadata,
    tensors,
    read(name, range) {
      const tensor = tensors.get(name);
      if (codec === undefined || tensor === undefined || !inPlanes.has(name)) return file.read(name, range);
      const numbers = codec.decode(
        matrixOf(tensor),
        {
          bytes: tensor.storedBytes,
          beginning: (length) => file.read(name, { offset: 0, length }),
          where: `${path}, ${name}`,
        },
        { tailBits: Math.min(mantissaBits, numberLayouts.get(tensor.format)?.tail ?? 0) },
      );
      return range === undefined ? numbers : numbers.slice(range.offset, range.offset + range.length);
    },
  };
}
