/** @file What the stage `quantize` does: stores matrices in fewer bits and measures what that costs, tensor by tensor. */
import {
  numbers,
  quantizationErrorTable,
  type StoredTensor,
  strings,
  weightBatches,
  weightsTable,
} from '@arrowsmith/artifacts';
import { UserError } from '@arrowsmith/errors';
import { implementStage } from '@arrowsmith/pipeline/stage';
import {
  decodeStored,
  formatOfNumbers,
  isQuantizable,
  PLANE_FORMATS,
  quantizationError,
  storeAs,
  storeAsPlanes,
  storeFloat32,
} from '@arrowsmith/quantization';
import { formatByName } from '@arrowsmith/quantization/format-rules';
import { modelMetadata, readModel, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import { planesCodec } from '@arrowsmith/quantization/planes';
import declaration from './declaration.ts';

export default implementStage(declaration, async (context) => {
  const { format, formats = {}, encoding } = context.parameters;
  if (encoding === 'planes') checkPlanes(context.step, [format, ...Object.values(formats)]);
  const source = context.input('model');
  const { config, weights, bytes: bytesBefore } = await readModel(await source.file(WEIGHTS_FILE), { whole: true });

  const formatOf = formatByName(config, format, formats);
  const tensors: Record<string, StoredTensor> = {};
  const quantized: ({ name: string; before: number } & ReturnType<typeof quantizationError>)[] = [];
  for (const [name, tensor] of Object.entries(weights)) {
    const stored = isQuantizable(tensor.shape) ? storeAs(formatOf(name), tensor, name) : storeFloat32(tensor);
    tensors[name] = stored;
    if (stored.format === 'f32') continue;
    const error = quantizationError(tensor, { shape: tensor.shape, data: decodeStored(stored) });
    quantized.push({ name, before: 4 * tensor.data.length, ...error });
  }
  const plainBytes = bytesOf(tensors);
  if (encoding === 'planes') {
    const codec = await planesCodec();
    for (const [name, tensor] of Object.entries(tensors)) tensors[name] = storeAsPlanes(codec, tensor);
  }
  const metadata = modelMetadata(config, tensors);
  await context.table(WEIGHTS_FILE, weightsTable, { config: metadata.config }, weightBatches(tensors));
  const column = (value: (row: (typeof quantized)[number]) => number) => numbers(Float64Array.from(quantized, value));
  await context.table('error.arrow', quantizationErrorTable, { format }, [
    {
      name: strings(quantized.map(({ name }) => name)),
      bytesBefore: column(({ before }) => before),
      bytesAfter: column(({ name }) => tensors[name]!.bytes.length),
      maximumAbsolute: column(({ maximumAbsolute }) => maximumAbsolute),
      rootMeanSquare: column(({ rootMeanSquare }) => rootMeanSquare),
      relative: column(({ relative }) => relative),
      signalToNoiseDb: column(({ signalToNoiseDb }) => signalToNoiseDb),
    },
  ]);

  const worst = quantized.reduce((largest, { relative }) => Math.max(largest, relative), 0);
  return {
    metadata: { ...metadata, from: source.digest },
    metrics: {
      bytesBefore: { value: bytesBefore, unit: 'bytes' },
      bytesAfter: { value: metadata.bytes, unit: 'bytes', better: 'lower', headline: true, guard: 'exact' },
      worstRelativeError: { value: worst, better: 'lower', guard: 'lower' },
    },
    highlights: {
      size: `${megabytes(bytesBefore)} before, ${megabytes(metadata.bytes)} ${metadata.format} (${bitsPerWeight(tensors)} bits per weight, ${(bytesBefore / metadata.bytes).toFixed(2)}× smaller, error of a tensor at most ${(100 * worst).toFixed(2)} %)`,
      ...formatsHighlight(tensors, formatOf),
      ...(encoding === 'planes' ? { planes: planesHighlight(tensors, plainBytes) } : {}),
    },
  };
});

/** @throws UserError where no matrix has a format whose numbers can be in planes */
function checkPlanes(step: string, formats: readonly (string | undefined)[]): void {
  if (formats.some((format) => format !== undefined && PLANE_FORMATS.includes(format))) return;
  throw new UserError({
    what: 'there is nothing to be written as bit planes',
    where: `${step}.encoding`,
    expected: `matrices in ${PLANE_FORMATS.slice(0, -1).join(', ')} or ${PLANE_FORMATS.at(-1)}`,
    found: formats.filter(Boolean).join(', '),
    fix: `set ${step}.format to one of them, e.g. bf16, or leave ${step}.encoding out`,
  });
}

const bytesOf = (tensors: Readonly<Record<string, StoredTensor>>): number =>
  Object.values(tensors).reduce((sum, { bytes }) => sum + bytes.length, 0);

function planesHighlight(tensors: Readonly<Record<string, StoredTensor>>, plainBytes: number): string {
  const inPlanes = Object.values(tensors).filter(({ format }) => formatOfNumbers(format) !== format).length;
  const saved = (100 * (1 - bytesOf(tensors) / plainBytes)).toFixed(1);
  return `${inPlanes} of ${Object.keys(tensors).length} tensors in bit planes, without loss: ${saved} % less than ${megabytes(plainBytes)}`;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

/** Of all weights, those that stay float32 included. */
function bitsPerWeight(tensors: Readonly<Record<string, StoredTensor>>): string {
  const stored = Object.values(tensors);
  const weights = stored.reduce((sum, { shape }) => sum + shape.reduce((size, n) => size * n, 1), 0);
  return ((8 * bytesOf(tensors)) / weights).toFixed(2);
}

/** How many matrices have which format, where it is not one for all, and how many of them have it because of the length of their rows. */
function formatsHighlight(
  tensors: Readonly<Record<string, StoredTensor>>,
  formatOf: (name: string) => string,
): { formats?: string } {
  const matrices = Object.entries(tensors).filter(([, { shape }]) => isQuantizable(shape));
  const counts = new Map<string, number>();
  for (const [, { format }] of matrices)
    counts.set(formatOfNumbers(format), (counts.get(formatOfNumbers(format)) ?? 0) + 1);
  const byRule = matrices.filter(([name, { format }]) => formatOfNumbers(format) !== formatOf(name)).length;
  if (counts.size < 2 && byRule === 0) return {};
  const listed = [...counts].map(([format, count]) => `${count} ${format}`).join(', ');
  return {
    formats: `matrices: ${listed}${byRule === 0 ? '' : `; ${byRule} have rows that are no whole number of blocks of the format asked for`}`,
  };
}
