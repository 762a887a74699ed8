/** @file Tests of models whose tensors are in planes: they are read as those that are not, whole or their top planes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StoredTensor, weightBatches, weightsTable, writeTable } from '@arrowsmith/artifacts';
import { useBackend } from '@arrowsmith/engine';
import { decoderConfig, initialWeights, modelParameters } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planesCodec } from './planes/index.ts';
import { storeAs } from './store-as.ts';
import { loadModel, modelMetadata, readModel } from './stored-model.ts';
import { formatOfNumbers, openStoredWeights, storeAsPlanes } from './stored-planes.ts';
import { storeFloat32 } from './weight-formats.ts';

const config = decoderConfig(
  modelParameters.parse({ hiddenSize: 32, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 64 }),
  { vocabularySize: 300, contextLength: 8 },
);
const weights = initialWeights(config, 1);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'arrowsmith-planes-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const tensorsIn = (format: string): Record<string, StoredTensor> =>
  Object.fromEntries(
    Object.entries(weights).map(([name, tensor]) => [
      name,
      tensor.shape.length < 2 ? storeFloat32(tensor) : storeAs(format, tensor, name),
    ]),
  );

async function inPlanes(tensors: Record<string, StoredTensor>): Promise<Record<string, StoredTensor>> {
  const codec = await planesCodec();
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, storeAsPlanes(codec, tensor)]));
}

async function write(name: string, tensors: Record<string, StoredTensor>, own = config): Promise<string> {
  const path = join(folder, `${name}.arrow`);
  await writeTable(path, weightsTable, { config: JSON.stringify(own) }, weightBatches(tensors));
  return path;
}

describe.each(['f32', 'f16', 'bf16'])('a model of %s', (format) => {
  test('is read as the one that is not in planes, and takes fewer bytes', async () => {
    const tensors = tensorsIn(format);
    const encoded = await inPlanes(tensors);
    expect(Object.values(encoded).map((tensor) => tensor.format)).toContain(`${format}.planes`);
    const plain = await readModel(await write(`${format}-plain`, tensors));
    const planes = await readModel(await write(`${format}-planes`, encoded));
    expect(planes.weights).toEqual(plain.weights);
    expect(planes.format).toBe(plain.format);
    expect(planes.bytes).toBeLessThan(plain.bytes);
    expect(modelMetadata(config, encoded)).toMatchObject({ format, bytes: planes.bytes });
  });

  test('is run as the one that is not in planes', async () => {
    await useBackend('native');
    const tensors = tensorsIn(format);
    const [plain, planes] = [
      await loadModel(await write(`${format}-plain`, tensors)),
      await loadModel(await write(`${format}-planes`, await inPlanes(tensors))),
    ];
    expect(Object.keys(planes.parameters)).toEqual(Object.keys(plain.parameters));
    const [name = ''] = Object.keys(weights);
    expect(planes.parameters[name]).toMatchObject({ shape: plain.parameters[name]!.shape });
    tf.dispose([plain.parameters, planes.parameters] as unknown as tf.TensorContainer);
  });

  test('is one of lower precision where only top planes are read', async () => {
    const path = await write(`${format}-planes`, await inPlanes(tensorsIn(format)));
    const { weights: exact } = await readModel(path);
    const errors = [];
    for (const mantissaBits of [0, 3, 6, 40]) {
      const { weights: found } = await readModel(path, { mantissaBits });
      let [error, all] = [0, 0];
      for (const [name, { data }] of Object.entries(found)) {
        for (const [i, x] of data.entries()) {
          error += (x - exact[name]!.data[i]!) ** 2;
          all += x * x;
        }
      }
      errors.push(Math.sqrt(error / all));
    }
    // The middle of a step is off by its size / √12 on average, and a step is 2^−bits of the number's power of two.
    expect(errors[0]).toBeGreaterThan(0.1);
    expect(errors[0]).toBeLessThan(0.3);
    expect(errors[1]! / errors[0]!).toBeCloseTo(2 ** -3, 2);
    expect(errors[2]! / errors[0]!).toBeCloseTo(2 ** -6, 2);
    expect(errors[3]).toBe(0);
  });
});

test('tensors in other formats, and those that would take more, stay as they are', async () => {
  const codec = await planesCodec();
  const int8 = storeAs('int8', { shape: [64, 64], data: new Float32Array(64 * 64) });
  expect(storeAsPlanes(codec, int8)).toBe(int8);
  const tiny = storeFloat32({ shape: [2], data: Float32Array.of(1.1, -7) });
  expect(storeAsPlanes(codec, tiny)).toBe(tiny);
});

test('only formats that can be in planes are read as such', () => {
  expect(formatOfNumbers('bf16.planes')).toBe('bf16');
  for (const format of ['bf16', 'Q4_K.planes', '.planes', 'bf16.planes.planes', 'bf16planes'])
    expect(formatOfNumbers(format)).toBe(format);
});

test('a part of a tensor in planes is read, too', async () => {
  const tensors = tensorsIn('bf16');
  const file = await openStoredWeights(await write('parts', await inPlanes(tensors)));
  const [name, { bytes }] = Object.entries(tensors)[0]!;
  expect(file.read(name, { offset: 64, length: 128 })).toEqual(bytes.slice(64, 192));
});

describe('a damaged model', () => {
  test('is refused with the name of the tensor, and no bit of it is used', async () => {
    const encoded = await inPlanes(tensorsIn('bf16'));
    const [name, tensor] = Object.entries(encoded).find(([, { format }]) => format === 'bf16.planes')!;
    const bytes = tensor.bytes.slice();
    bytes[bytes.length >> 1]! ^= 4;
    const path = await write('damaged', { ...encoded, [name]: { ...tensor, bytes } });
    await expect(readModel(path)).rejects.toThrow(
      new RegExp(`planes cannot be read[^]*damaged.arrow, ${name}[^]*CRC-32`),
    );
  });

  test('whose shapes are not those of its configuration is refused before its planes are looked at', async () => {
    const encoded = await inPlanes(tensorsIn('bf16'));
    const [name] = Object.keys(encoded);
    const huge = { ...encoded[name!]!, shape: [2 ** 31 - 1, 2 ** 31 - 1] };
    const path = await write('huge', { ...encoded, [name!]: huge });
    await expect(readModel(path)).rejects.toThrow(/has another shape than the model/);
  });

  test('with planes of a format that has none is refused', async () => {
    const encoded = await inPlanes(tensorsIn('bf16'));
    const [name] = Object.keys(encoded);
    const path = await write('unknown', { ...encoded, [name!]: { ...encoded[name!]!, format: 'int8.planes' } });
    await expect(readModel(path)).rejects.toThrow(/a format of f32[^]*int8\.planes/);
  });
});
