/** @file What the stage `quantize` does: stores matrices as int8 and measures what that costs, tensor by tensor. */
import {
  lists,
  numbers,
  quantizationErrorTable,
  quantizedTensorsTable,
  readTensors,
  strings,
} from '@arrowsmith/artifacts';
import { implementStage } from '@arrowsmith/pipeline/stage';
import { dequantizeInt8, isQuantizable, quantizationError, quantizeInt8, storedBytes } from '@arrowsmith/quantization';
import declaration from './declaration.ts';

export default implementStage(declaration, async (context) => {
  const { format } = context.parameters;
  const { tensors, metadata } = await readTensors(await context.input('train', 'weights.arrow'));
  const config = metadata['config']!;

  const rows = Object.entries(tensors).map(([name, tensor]) => {
    const bytes = { before: 4 * tensor.data.length, after: storedBytes(tensor.shape) };
    if (!isQuantizable(tensor.shape)) return { name, tensor, bytes };
    const int8 = quantizeInt8(tensor, name);
    return { name, tensor, bytes, int8, error: quantizationError(tensor, dequantizeInt8(int8)) };
  });
  await context.table(
    'weights.arrow',
    quantizedTensorsTable,
    { config, format },
    rows.map(({ name, tensor, int8 }) => ({
      name: strings([name]),
      shape: lists([Int32Array.from(tensor.shape)]),
      format: strings([int8 ? format : 'float32']),
      int8: lists([int8?.values ?? new Int8Array()]),
      scales: lists([int8?.scales ?? new Float32Array()]),
      float32: lists([int8 ? new Float32Array() : tensor.data]),
    })),
  );
  const quantized = rows.flatMap(({ error, ...row }) => (error ? [{ ...row, error }] : []));
  const column = (value: (row: (typeof quantized)[number]) => number) => numbers(Float64Array.from(quantized, value));
  await context.table('error.arrow', quantizationErrorTable, { format }, [
    {
      name: strings(quantized.map(({ name }) => name)),
      bytesBefore: column(({ bytes }) => bytes.before),
      bytesAfter: column(({ bytes }) => bytes.after),
      maximumAbsolute: column(({ error }) => error.maximumAbsolute),
      rootMeanSquare: column(({ error }) => error.rootMeanSquare),
      relative: column(({ error }) => error.relative),
      signalToNoiseDb: column(({ error }) => error.signalToNoiseDb),
    },
  ]);

  const bytesBefore = rows.reduce((sum, { bytes }) => sum + bytes.before, 0);
  const bytesAfter = rows.reduce((sum, { bytes }) => sum + bytes.after, 0);
  const worst = quantized.reduce((a, b) => (b.error.relative > a.error.relative ? b : a));
  return {
    metadata: { format, bytesBefore, bytesAfter },
    metrics: {
      bytesBefore: { value: bytesBefore, unit: 'bytes' },
      bytesAfter: { value: bytesAfter, unit: 'bytes', better: 'lower' },
      worstRelativeError: { value: worst.error.relative, better: 'lower' },
    },
    highlights: {
      size: `${megabytes(bytesBefore)} float32, ${megabytes(bytesAfter)} ${format} (${(bytesBefore / bytesAfter).toFixed(2)}× smaller, error of a tensor at most ${(100 * worst.error.relative).toFixed(2)} %)`,
    },
  };
});

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;
