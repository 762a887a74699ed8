/**
 * @file Benchmark: what bit planes save on the weights of a pipeline's model and on keys and values of its held-out text, both in bf16, beside Zstandard
 * on the same bytes, published numbers and the entropy of exponents; how fast they are read; and what the model is worth where only top planes are read.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { useBackend } from '@arrowsmith/engine';
import { UserError } from '@arrowsmith/errors';
import {
  createKvCache,
  type DecoderConfig,
  forward,
  scaledFrequencies,
  tensorsOf,
  type Weights,
} from '@arrowsmith/model';
import { bfloat16ToFloat32, float32ToBfloat16 } from '@arrowsmith/quantization/half-precision';
import { readModel, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import {
  entropyBits,
  fileInMemory,
  type KeysOrValues,
  loadZstandard,
  type PlanesCodec,
  planesCodec,
  type PlanesOf,
} from '@arrowsmith/quantization/planes';
import { readTokenTable, splitLoss, type TokenTable } from '@arrowsmith/training';
import * as tf from '@tensorflow/tfjs-core';
import * as z from 'zod';
import { parseOptions } from './options.ts';
import { fixed, printTable } from './statistics.ts';

export const description =
  'weights and keys and values in bit planes: bytes saved beside Zstandard, MB/s read by a core, the loss of top planes: [--pipeline=english] [--sequences=32] [--turns=10]';

export const options = z.strictObject({
  pipeline: z.string().default('english').describe('Whose last model and held-out text are taken.'),
  sequences: z.coerce
    .number()
    .int()
    .min(1)
    .default(32)
    .describe('Rows of held-out text whose keys and values are kept.'),
  turns: z.coerce
    .number()
    .int()
    .min(1)
    .default(10)
    .describe('How often reading is measured, in turns; the best counts.'),
});

/** Savings on weights and on keys and values in bf16 that were published, in percent. */
const PUBLISHED = {
  // Xie et al. 2025, arXiv 2503.18869: on models of billions of parameters, by Zstandard in a memory controller.
  planes: { weights: 25.2, 'keys and values': 46.9 },
  // Zhang et al. 2025, arXiv 2504.11651: exponents by a Huffman code, for Llama 3.1 8B.
  dfloat11: { weights: 32.2, 'keys and values': NaN },
};

/** Numbers in bf16, and what was made of them. */
interface Measured extends PlanesOf {
  name: string;
  bytes: Uint8Array;
  /** Of keys and values, which are [tokens, channels]. */
  own?: KeysOrValues;
  file: Uint8Array;
}

export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { pipeline, sequences, turns } = parseOptions(args, options);
  await useBackend('native', { threads: 1 });
  const { weights, config, rows } = await openRun(pipeline);
  const codec = await planesCodec();
  const { compress } = await loadZstandard();
  const groups = {
    weights: matricesOf(weights).map((matrix) => measured(codec, matrix)),
    'keys and values': (await keysAndValues(config, weights, rows, sequences)).map((matrix) => measured(codec, matrix)),
  };

  const tokens = sequences * rows.contextLength;
  console.log(
    `${pipeline}, bf16: weights, and keys and values of ${sequences} × ${rows.contextLength} tokens; saved in percent`,
  );
  const savings = Object.entries(groups).map(([group, all]) => {
    const kind = group as keyof typeof groups;
    return {
      group,
      bytes: total(all, ({ bytes }) => bytes.length),
      planes: saved(all, ({ file }) => file.length),
      zstandard: saved(all, ({ bytes }) => compress(bytes).length),
      entropy: saved(all, exponentBound),
      published: PUBLISHED.planes[kind],
      dfloat11: PUBLISHED.dfloat11[kind],
    };
  });
  printTable(
    ['', 'MB', 'planes', 'Zstandard', 'entropy bound', 'published planes', 'DFloat11'],
    savings.map(({ group, bytes, ...percent }) => [
      group,
      fixed(bytes / 1e6, 2),
      ...[percent.planes, percent.zstandard, percent.entropy, percent.published, percent.dfloat11].map((x) =>
        fixed(x, 1),
      ),
    ]),
  );
  console.log('\nkeys and values, by layer; alike: shares of tokens whose vector another has, too');
  printTable(
    ['', 'planes', 'Zstandard', 'entropy bound', 'alike'],
    groups['keys and values'].map((matrix) => [
      matrix.name,
      fixed(
        saved([matrix], ({ file }) => file.length),
        1,
      ),
      fixed(
        saved([matrix], ({ bytes }) => compress(bytes).length),
        1,
      ),
      fixed(saved([matrix], exponentBound), 1),
      `${fixed(100 * (1 - distinctRows(matrix) / tokens), 1)} %`,
    ]),
  );

  const large = measured(codec, normalMatrix());
  const read = { weights: groups.weights, 'keys and values': groups['keys and values'], [large.name]: [large] };
  const rates = await readingRates(codec, read, turns);
  console.log('\nread, MB/s of numbers by one core');
  printTable(
    ['', 'native', 'TypeScript'],
    Object.entries(rates).map(([name, rate]) => [name, fixed(rate.native, 0), fixed(rate.typescript, 0)]),
  );

  await useBackend('native');
  const curve = await lossOfTopPlanes(codec, groups.weights, { config, weights, rows });
  console.log('\ntop planes of the weights: bits of the mantissa that are read, of 7');
  printTable(
    ['bits', 'of the file', 'error', 'bits per byte'],
    curve.map(({ mantissaBits, share, error, bitsPerByte }) => [
      String(mantissaBits),
      `${fixed(100 * share, 1)} %`,
      `${fixed(100 * error, 2)} %`,
      fixed(bitsPerByte, 4),
    ]),
  );
  const [ofWeights] = savings;
  return {
    ours: ofWeights?.planes ?? null,
    peer: ofWeights?.zstandard ?? null,
    ratio: (ofWeights?.planes ?? NaN) / (ofWeights?.zstandard ?? NaN),
    unit: 'percent saved on weights',
    savings: savings.map((each) => ({ ...each, dfloat11: Number.isNaN(each.dfloat11) ? null : each.dfloat11 })),
    rates,
    curve,
  };
}

/** The model that a pipeline's step `train` made last, and its held-out text. */
async function openRun(pipeline: string): Promise<{ config: DecoderConfig; weights: Weights; rows: TokenTable }> {
  const folder = join('artifacts', pipeline);
  const [model, text] = [join(folder, 'train', WEIGHTS_FILE), join(folder, 'chunk', 'validation.arrow')];
  for (const path of [model, text]) {
    if (existsSync(path)) continue;
    throw new UserError({
      what: `there is no model of pipeline ${pipeline}`,
      where: path,
      expected: 'what its steps train and chunk have made',
      found: 'no such file',
      fix: `npx arrowsmith run ${pipeline} trains it, or name another by --pipeline=…`,
    });
  }
  const { config, weights } = await readModel(model, { whole: true });
  return { config, weights, rows: await readTokenTable(text) };
}

type Matrix = Omit<Measured, 'file'>;

const bfloat16 = (data: Float32Array): Uint8Array => new Uint8Array(float32ToBfloat16(data).buffer);

const matricesOf = (weights: Weights): Matrix[] =>
  Object.entries(weights)
    .filter(([, { shape }]) => shape.length > 1)
    .map(([name, { shape, data }]) => {
      const columns = shape.at(-1) ?? 1;
      return { name, format: 'bf16', rows: data.length / columns, columns, bytes: bfloat16(data) };
    });

/** Of all layers that have some, for rows of held-out text. */
async function keysAndValues(
  config: DecoderConfig,
  weights: Weights,
  rows: TokenTable,
  sequences: number,
): Promise<Matrix[]> {
  const parameters = tensorsOf(weights);
  const length = rows.contextLength;
  const count = Math.min(sequences, rows.rows);
  const { inputs } = await rows.read(Array.from({ length: count }, (_, row) => row));
  const parts = new Map<string, { layer: number; channels: number; values: Float32Array[] }>();
  for (let row = 0; row < count; row++) {
    const cache = createKvCache(config);
    tf.tidy(() => {
      const pass = cache.next([length]);
      const ids = tf.tensor2d(inputs.slice(row * length, (row + 1) * length), [1, length], 'int32');
      forward(config, parameters, ids, { cache: pass });
      for (const [layer, { attention }] of config.layers.entries()) {
        if (attention.keysOfLayer !== null) continue;
        const [kept] = pass.sequences(layer);
        for (const [kind, tensor] of [['keys', kept!.k] as const, ['values', kept!.v] as const]) {
          const name = `${kind} ${layer}`;
          const part = parts.get(name) ?? { layer, channels: tensor.size / length, values: [] };
          part.values.push(tensor.dataSync<'float32'>().slice());
          parts.set(name, part);
        }
      }
    });
    cache.dispose();
  }
  tf.dispose(parameters);
  const tokens = inputs.subarray(0, count * length);
  const positions = Int32Array.from(tokens, (_, i) => i % length);
  return [...parts].map(([name, { layer, channels, values }]) => ({
    name,
    format: 'bf16',
    rows: count * length,
    columns: channels,
    bytes: new Uint8Array(Buffer.concat(values.map(bfloat16))),
    own: { tokens, ...(name.startsWith('keys') ? rotaryOf(config, layer, positions) : {}) },
  }));
}

/** How a layer's keys depend on positions; not at all where it has none. */
function rotaryOf(config: DecoderConfig, layer: number, positions: Int32Array): Pick<KeysOrValues, 'rotary'> {
  const { rope, headDim } = config.layers[layer]!.attention;
  if (rope === null) return {};
  const { frequencies } = scaledFrequencies(rope, headDim);
  return { rotary: { positions, headDim, frequencies, interleaved: rope.interleaved } };
}

/** Large enough that reading it takes no time for anything else. */
function normalMatrix(): Matrix {
  const values = tf.tidy(() => tf.randomNormal([2048, 1024], 0, 0.02, 'float32', 1).dataSync<'float32'>().slice());
  const name = '2048 × 1024 normal numbers';
  return { name, format: 'bf16', rows: 2048, columns: 1024, bytes: bfloat16(values) };
}

/** @throws Error where a bit is lost */
function measured(codec: PlanesCodec, matrix: Matrix): Measured {
  const file = codec.encode(matrix, matrix.bytes, matrix.own);
  if (Buffer.compare(codec.decode(matrix, fileInMemory(file)), matrix.bytes) !== 0)
    throw new Error(`${matrix.name} does not come back`);
  return { ...matrix, file };
}

const total = <T>(all: readonly T[], of: (each: T) => number): number => all.reduce((sum, each) => sum + of(each), 0);

const saved = (all: readonly Measured[], size: (each: Measured) => number): number =>
  100 * (1 - total(all, size) / total(all, ({ bytes }) => bytes.length));

/** Bytes that exponents take by their entropy, and signs and mantissas as they are: DFloat11's bound. */
function exponentBound({ bytes }: Measured): number {
  const counts = new Uint32Array(256);
  const numbers = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  for (const number of numbers) counts[(number >> 7) & 255]!++;
  return numbers.length + entropyBits(counts) / 8;
}

function distinctRows({ bytes, rows, columns }: Measured): number {
  const row = (i: number): string =>
    Buffer.from(bytes.buffer, bytes.byteOffset + 2 * columns * i, 2 * columns).toString('latin1');
  return new Set(Array.from({ length: rows }, (_, i) => row(i))).size;
}

/** Into memory that is there already, since the system takes longer to give it. Of each matrix the best of some turns, as others compute here, too. */
async function readingRates(
  codec: PlanesCodec,
  groups: Record<string, readonly Measured[]>,
  turns: number,
): Promise<Record<string, { native: number; typescript: number }>> {
  const backends = { native: 'native', typescript: 'cpu' } as const;
  const seconds = new Map<string, number>();
  for (let turn = 0; turn < turns; turn++) {
    for (const [kind, backend] of Object.entries(backends)) {
      await useBackend(backend, { threads: 1 });
      for (const [name, all] of Object.entries(groups)) {
        for (const each of all) {
          const to = new ArrayBuffer(each.bytes.length);
          const read = (): unknown => codec.decode(each, fileInMemory(each.file), { to });
          read(); // the first time, memory is given page by page
          const began = performance.now();
          read();
          const key = `${name}/${kind}/${each.name}`;
          seconds.set(key, Math.min(seconds.get(key) ?? Infinity, (performance.now() - began) / 1000));
        }
      }
    }
  }
  return Object.fromEntries(
    Object.entries(groups).map(([name, all]) => {
      const rate = (kind: string): number =>
        total(all, ({ bytes }) => bytes.length) /
        1e6 /
        total(all, (each) => seconds.get(`${name}/${kind}/${each.name}`) ?? NaN);
      return [name, { native: rate('native'), typescript: rate('typescript') }];
    }),
  );
}

interface OfTopPlanes {
  mantissaBits: number;
  /** Of the file of all planes, what is read. */
  share: number;
  /** ‖error‖ / ‖weights‖, of all matrices, against bf16. */
  error: number;
  bitsPerByte: number;
}

/** The model of the same files, with fewer and fewer of their planes. */
async function lossOfTopPlanes(
  codec: PlanesCodec,
  matrices: readonly Measured[],
  { config, weights, rows }: { config: DecoderConfig; weights: Weights; rows: TokenTable },
): Promise<OfTopPlanes[]> {
  const curve: OfTopPlanes[] = [];
  for (let mantissaBits = 7; mantissaBits >= 0; mantissaBits--) {
    const top: Weights = { ...weights };
    let [read, error, all] = [0, 0, 0];
    for (const matrix of matrices) {
      let most = 0;
      const beginning = (length: number): Uint8Array => {
        most = Math.max(most, length);
        return matrix.file.subarray(0, length);
      };
      const source = { bytes: matrix.file.length, beginning, where: matrix.name };
      const numbers = codec.decode(matrix, source, { tailBits: mantissaBits });
      read += most;
      const data = bfloat16ToFloat32(new Uint16Array(numbers.buffer));
      const exact = bfloat16ToFloat32(new Uint16Array(matrix.bytes.buffer, matrix.bytes.byteOffset, data.length));
      for (const [i, x] of exact.entries()) {
        error += (data[i]! - x) ** 2;
        all += x * x;
      }
      top[matrix.name] = { shape: weights[matrix.name]!.shape, data };
    }
    const parameters = tensorsOf(top);
    const { nats } = await splitLoss({ config, parameters, rows, batchSize: 8 });
    tf.dispose(parameters);
    curve.push({
      mantissaBits,
      share: read / total(matrices, ({ file }) => file.length),
      error: Math.sqrt(error / all),
      bitsPerByte: nats / Math.LN2 / rows.bytes,
    });
  }
  return curve;
}
