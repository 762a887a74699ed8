/** @file What the stage `quantize` does: stores matrices as int8 and measures what that costs, tensor by tensor. */
import {
  numbers,
  quantizationErrorTable,
  type StoredTensor,
  strings,
  weightBatches,
  weightsTable,
} from '@arrowsmith/artifacts';
import { implementStage } from '@arrowsmith/pipeline/stage';
import {
  dequantizeInt8,
  isQuantizable,
  quantizationError,
  quantizeInt8,
  storeFloat32,
  storeInt8,
} from '@arrowsmith/quantization';
import { modelMetadata, readModel, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import declaration from './declaration.ts';

export default implementStage(declaration, async (context) => {
  const { format } = context.parameters;
  const source = context.input('model');
  const { config, weights, bytes: bytesBefore } = await readModel(await source.file(WEIGHTS_FILE), { whole: true });

  const tensors: Record<string, StoredTensor> = {};
  const quantized: ({ name: string; before: number } & ReturnType<typeof quantizationError>)[] = [];
  for (const [name, tensor] of Object.entries(weights)) {
    if (!isQuantizable(tensor.shape)) tensors[name] = storeFloat32(tensor);
    else {
      const int8 = quantizeInt8(tensor, name);
      tensors[name] = storeInt8(int8);
      quantized.push({ name, before: 4 * tensor.data.length, ...quantizationError(tensor, dequantizeInt8(int8)) });
    }
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

  const worst = quantized.reduce((a, b) => (b.relative > a.relative ? b : a));
  return {
    metadata: { ...metadata, from: source.digest },
    metrics: {
      bytesBefore: { value: bytesBefore, unit: 'bytes' },
      bytesAfter: { value: metadata.bytes, unit: 'bytes', better: 'lower', headline: true, guard: 'exact' },
      worstRelativeError: { value: worst.relative, better: 'lower', guard: 'lower' },
    },
    highlights: {
      size: `${megabytes(bytesBefore)} before, ${megabytes(metadata.bytes)} ${format} (${(bytesBefore / metadata.bytes).toFixed(2)}× smaller, error of a tensor at most ${(100 * worst.relative).toFixed(2)} %)`,
    },
  };
});

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;
