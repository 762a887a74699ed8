/** @file Measures what the active backend does in a second: products, rows that are read and written, small kernels, and how long a result takes. */
import { passRepeater } from '@arrowsmith/backend';
import { freeze, linear, multipliesStored, rmsNorm, type Weight } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type Speed, WIDTHS } from './speed.ts';

/** Rows of the products: tokens of a small micro-batch. */
const ROWS = 2048;
/** Rows that are read, scaled and written: more than caches hold. */
const LONG_ROWS = 2 ** 15;
const LENGTH = 512;
/** The matrix that one row is multiplied with: more than caches hold. */
const [TALL, WIDE] = [2 ** 14, 1024];
/** Kernels that compute next to nothing; and how large what they compute is. */
const KERNELS = 100;
const SMALL = 32;

/** How thoroughly: in proportion to what is measured otherwise. */
export interface Effort {
  /** Of the rows: for programs that stand in for a graphics processor, small. Default: 1. */
  size?: number;
  /** Seconds for each of the measurements, about. */
  seconds?: number;
}

/** Nothing else may compute meanwhile. */
export async function measureSpeed({ size = 1, seconds = 0.15 }: Effort = {}): Promise<Speed> {
  const rows = Math.max(SMALL, size * ROWS);
  const products: number[] = [];
  const stored: number[] = [];
  for (const width of WIDTHS) {
    const [x, weight, frozen] = [filled([rows, width]), filled([width, width]), frozenMatrix(width)];
    const rateOf = async (by: Weight) => (2 * rows * width ** 2) / (await secondsOf(() => linear(x, by), seconds));
    products.push(await rateOf(weight));
    stored.push(await rateOf(frozen.weight));
    tf.dispose([x, weight, frozen.tensor]);
  }
  const [long, gains] = [filled([Math.ceil(size * LONG_ROWS), LENGTH]), filled([LENGTH])];
  const bandwidth = (8 * long.size) / (await secondsOf(() => rmsNorm(long, gains, { epsilon: 1e-5 }), seconds));
  tf.dispose([long, gains]);
  const [row, wide] = [filled([1, WIDE]), filled([Math.ceil(size * TALL), WIDE])];
  const reading = (4 * wide.size) / (await secondsOf(() => linear(row, wide), seconds));
  tf.dispose([row, wide]);
  const [x, weight] = [filled([SMALL, SMALL]), filled([SMALL, SMALL])];
  const passes = passRepeater(); // as steps of training are
  const compute = () => {
    for (let i = 1; i < KERNELS; i++) linear(x, weight).dispose();
    return linear(x, weight);
  };
  const many = (): tf.Tensor =>
    passes.run('small kernels', { inputs: [], given: [x, weight], compute: () => [compute()] })[0]!;
  const kernel = (await secondsOf(many, seconds)) / KERNELS;
  const call = (await secondsOf(compute, seconds)) / KERNELS;
  const wait = await secondsToResult(() => linear(x, weight), seconds);
  tf.dispose([x, weight]);
  return { products, stored, bandwidth, reading, kernel, call, wait };
}

/** A matrix that does not learn, as it is in memory on the active backend: of 0.5, whose bits are 0x3f000000. */
function frozenMatrix(width: number): { weight: Weight; tensor: tf.Tensor } {
  const [shape, words] = [[width, width], [width ** 2]];
  if (!multipliesStored('f32')) {
    const tensor = filled(shape);
    return { weight: freeze(tensor), tensor };
  }
  const tensor = tf.fill(words, 0x3f000000, 'int32');
  return { weight: freeze({ format: 'f32', shape, words: tensor }), tensor };
}

/** No processor multiplies some numbers faster than others. */
const filled = (shape: number[]): tf.Tensor => tf.fill(shape, 0.5);

/** Seconds of a computation whose result is waited for each time. */
async function secondsToResult(f: () => tf.Tensor, seconds: number): Promise<number> {
  const end = performance.now() + 1000 * seconds;
  let best = Infinity;
  do {
    const begin = performance.now();
    const result = f();
    await result.data();
    result.dispose();
    best = Math.min(best, (performance.now() - begin) / 1000);
  } while (performance.now() < end);
  return best;
}

/** Of how many turns the fastest counts: what a machine does beside makes others slower, and none faster. */
const TURNS = 3;
/** The most that computations are asked for before a result is waited for. */
const MOST = 1000;

/**
 * Seconds of a computation among many of its kind: of so many that starting and waiting for a result, which comes once, is next to nothing.
 *
 * @param seconds to take, about
 */
async function secondsOf(f: () => tf.Tensor, seconds: number): Promise<number> {
  const time = async (count: number): Promise<number> => {
    const begin = performance.now();
    for (let i = 1; i < count; i++) f().dispose();
    const last = f();
    const one = tf.tidy(() => tf.slice(tf.reshape(last, [-1]), [0], [1]));
    await one.data();
    tf.dispose([last, one]);
    return (performance.now() - begin) / 1000;
  };
  await time(1); // shaders are compiled, buffers made
  const few = (await time(3)) / 3;
  const count = Math.min(MOST, Math.max(1, Math.ceil(seconds / TURNS / few)));
  let best = few;
  for (let turn = 0; turn < TURNS; turn++) best = Math.min(best, (await time(count)) / count);
  return best;
}
