/** @file What the stage `quantize` does: stores matrices in fewer bits and measures what that costs, tensor by tensor. */
import { setImmediate } from 'node:timers/promises';
import {
  numbers,
  quantizationErrorTable,
  type StoredTensor,
  strings,
  weightBatches,
  weightsTable,
} from '@arrowsmith/artifacts';
import { type Engine, engineNotices, useBackend } from '@arrowsmith/engine';
import { implementStage } from '@arrowsmith/pipeline/stage';
import {
  ALPHA,
  type Calibrated,
  formatOfNumbers,
  isQuantizable,
  quantizeModel,
  storeAsPlanes,
} from '@arrowsmith/quantization';
import { checkActivations } from '@arrowsmith/quantization/activations';
import { formatByName } from '@arrowsmith/quantization/format-rules';
import { calibrates, type Method, needsProducts } from '@arrowsmith/quantization/methods';
import { modelMetadata, readModel, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import { planesCodec } from '@arrowsmith/quantization/planes';
import { calibrate } from './calibrate.ts';
import { compare } from './compare.ts';
import declaration from './declaration.ts';
import { readSplit } from './rows.ts';
import { bitsPerWeight } from './size.ts';

export default implementStage(declaration, async (context) => {
  const {
    format,
    formats = {},
    encoding,
    method,
    alpha = ALPHA,
    compare: compared,
    backend,
    threads,
  } = context.parameters;
  const used = new Set<Method>([method, ...(compared?.methods ?? [])]);
  const engine = context.environment as unknown as Engine;
  const rows = compared !== undefined || [...used].some(calibrates) ? context.inputs('rows')[0] : undefined;
  const source = context.input('model');
  const { config, weights, bytes: bytesBefore } = await readModel(await source.file(WEIGHTS_FILE), { whole: true });

  let inputs: Calibrated | undefined;
  if (rows !== undefined) {
    const onNotice = (notice: string) => context.note(`${context.step}: ${notice}`);
    engineNotices({ backend }).forEach(onNotice);
    await useBackend(engine.backend, { threads, onNotice });
    for (const activations of compared?.activations ?? [])
      checkActivations(activations, `${context.step}.compare`, compared?.formats);
    if ([...used].some(calibrates)) {
      const { rows: training } = await readSplit(rows, 'train.arrow');
      inputs = await calibrate(context, { config, weights }, training, [...used].some(needsProducts));
    }
  }

  const formatOf = formatByName(config, format, formats);
  const running = quantizeModel({ config, weights, formatOf, method, alpha, inputs });
  let next = await running.next();
  for (; next.done !== true; next = await running.next()) {
    await setImmediate();
    context.signal.throwIfAborted();
  }
  const { tensors, errors: quantized } = next.value;
  const plainBytes = bytesOf(tensors);
  if (encoding === 'planes') {
    const codec = await planesCodec();
    for (const [name, tensor] of Object.entries(tensors)) tensors[name] = storeAsPlanes(codec, tensor);
  }
  const metadata = modelMetadata(config, tensors);
  await context.table(WEIGHTS_FILE, weightsTable, { config: metadata.config }, weightBatches(tensors));
  const column = (value: (row: (typeof quantized)[number]) => number) => numbers(Float64Array.from(quantized, value));
  await context.table('error.arrow', quantizationErrorTable, { format, method }, [
    {
      name: strings(quantized.map(({ name }) => name)),
      bytesBefore: column(({ bytesBefore: before }) => before),
      bytesAfter: column(({ bytesAfter }) => bytesAfter),
      maximumAbsolute: column(({ maximumAbsolute }) => maximumAbsolute),
      rootMeanSquare: column(({ rootMeanSquare }) => rootMeanSquare),
      relative: column(({ relative }) => relative),
      signalToNoiseDb: column(({ signalToNoiseDb }) => signalToNoiseDb),
    },
  ]);

  const comparison =
    compared === undefined || rows === undefined
      ? undefined
      : await compare(context, compared, {
          config,
          weights,
          inputs,
          validation: await readSplit(rows, 'validation.arrow'),
        });

  const worst = quantized.reduce((largest, { relative }) => Math.max(largest, relative), 0);
  return {
    metadata: { ...metadata, from: source.digest },
    metrics: {
      bytesBefore: { value: bytesBefore, unit: 'bytes' },
      bytesAfter: { value: metadata.bytes, unit: 'bytes', better: 'lower', headline: true, guard: 'exact' },
      worstRelativeError: { value: worst, better: 'lower', guard: 'lower' },
    },
    highlights: {
      size: `${megabytes(bytesBefore)} before, ${megabytes(metadata.bytes)} ${metadata.format} (${bitsPerWeight(tensors).toFixed(2)} bits per weight, ${(bytesBefore / metadata.bytes).toFixed(2)}× smaller, error of a tensor at most ${(100 * worst).toFixed(2)} %)`,
      ...formatsHighlight(tensors, formatOf),
      ...(method === 'nearest' ? {} : { method }),
      ...(encoding === 'planes' ? { planes: planesHighlight(tensors, plainBytes) } : {}),
      ...(comparison === undefined ? {} : { comparison }),
    },
  };
});

const bytesOf = (tensors: Readonly<Record<string, StoredTensor>>): number =>
  Object.values(tensors).reduce((sum, { bytes }) => sum + bytes.length, 0);

function planesHighlight(tensors: Readonly<Record<string, StoredTensor>>, plainBytes: number): string {
  const inPlanes = Object.values(tensors).filter(({ format }) => formatOfNumbers(format) !== format).length;
  const saved = (100 * (1 - bytesOf(tensors) / plainBytes)).toFixed(1);
  return `${inPlanes} of ${Object.keys(tensors).length} tensors in bit planes, without loss: ${saved} % less than ${megabytes(plainBytes)}`;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

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
