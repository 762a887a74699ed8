/** @file Test of the feature that makes llama.cpp's deviation this project's. */
import { decoderConfig, initialWeights, type ModelParameters } from '@arrowsmith/model';
import { storeFloat32 } from '@arrowsmith/quantization';
import { expect, test } from 'vitest';
import { needsMeanNeuron, withMeanNeuron } from './mean-neuron.ts';

const configOf = (intermediateSize: number) =>
  decoderConfig(
    { family: 'gemma3n', hiddenSize: 8, layers: 3, heads: 2, kvHeads: 1, intermediateSize } as ModelParameters,
    { vocabularySize: 9, contextLength: 8 },
  );

const floats = ({ bytes }: { bytes: Uint8Array }) => new Float32Array(Uint8Array.from(bytes).buffer);

test('the deviation over n of the gate’s values is that over n − 1 of one value more; nothing else changes', () => {
  const config = configOf(12);
  const weights = initialWeights(config, 2);
  const read = (name: string) => storeFloat32(weights[name]!);
  const wider = withMeanNeuron({ config, read });
  expect(wider.config.layers.map(({ ffn }) => ffn.intermediateSize)).toEqual([13, 13, 13]);
  const [gate, up, down] = ['gate', 'up', 'down'].map((part) => wider.read(`model.layers.0.mlp.${part}_proj.weight`));
  expect([gate!.shape, up!.shape, down!.shape]).toEqual([
    [13, 8],
    [13, 8],
    [8, 13],
  ]);
  const input = Float64Array.from({ length: 8 }, (_, i) => Math.sin(i + 1));
  const valuesOf = (matrix: Float32Array, rows: number) =>
    Array.from({ length: rows }, (_, row) => input.reduce((sum, x, i) => sum + x * matrix[row * 8 + i]!, 0));
  const own = valuesOf(weights['model.layers.0.mlp.gate_proj.weight']!.data, 12);
  const theirs = valuesOf(floats(gate!), 13);
  const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
  const squares = (values: number[]) => values.reduce((sum, x) => sum + (x - mean(values)) ** 2, 0);
  expect(mean(theirs)).toBeCloseTo(mean(own), 8); // float32 of the row
  expect(squares(theirs) / (13 - 1)).toBeCloseTo(squares(own) / 12, 8);
  expect([...floats(up!).subarray(96)]).toEqual(Array.from({ length: 8 }, () => 0));
  expect(Array.from({ length: 8 }, (_, row) => floats(down!)[row * 13 + 12])).toEqual(
    Array.from({ length: 8 }, () => 0),
  );
  expect(floats(down!)[13]).toBe(weights['model.layers.0.mlp.down_proj.weight']!.data[12]);
});

test('only narrow networks that are cut off need it', () => {
  expect(needsMeanNeuron(configOf(12))).toBe(true);
  expect(needsMeanNeuron(configOf(8192))).toBe(false);
  expect(needsMeanNeuron({ ...configOf(12), layers: configOf(12).layers.slice(1) })).toBe(false); // none of them sparse
});
