/** @file Measures what the active backend does in a second: products, rows that are read and written, small kernels. */
import { passRepeater } from '@arrowsmith/backend';
import { linear, rmsNorm } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type Speed, WIDTHS } from './speed.ts';

/** Rows of the products: tokens of a small micro-batch. */
const ROWS = 2048;
/** Rows that are read, scaled and written: more than caches hold. */
const LONG_ROWS = 2 ** 15;
const LENGTH = 512;
/** Kernels that compute next to nothing; and how large what they compute is. */
const KERNELS = 100;
const SMALL = 32;

/** How thoroughly: in proportion to what is measured otherwise. */
export interface Effort {
  /** Of the rows: for programs that stand in for a graphics processor, small. Default: 1. */
  size?: number;
  /** Seconds for each of the five measurements, about. */
  seconds?: number;
}

/** Nothing else may compute meanwhile. */
export async function measureSpeed({ size = 1, seconds = 0.15 }: Effort = {}): Promise<Speed> {
  const rows = Math.max(SMALL, size * ROWS);
  const products: number[] = [];
  for (const width of WIDTHS) {
    const [x, weight] = [filled([rows, width]), filled([width, width])];
    products.push((2 * rows * width ** 2) / (await secondsOf(() => linear(x, weight), seconds)));
    tf.dispose([x, weight]);
  }
  const [long, gains] = [filled([Math.ceil(size * LONG_ROWS), LENGTH]), filled([LENGTH])];
  const bandwidth = (8 * long.size) / (await secondsOf(() => rmsNorm(long, gains, { epsilon: 1e-5 }), seconds));
  tf.dispose([long, gains]);
  const [x, weight] = [filled([SMALL, SMALL]), filled([SMALL, SMALL])];
  const passes = passRepeater(); // as steps of training are
  const compute = () => {
    for (let i = 1; i < KERNELS; i++) linear(x, weight).dispose();
    return [linear(x, weight)];
  };
  const many = (): tf.Tensor => passes.run('small kernels', { inputs: [], given: [x, weight], compute })[0]!;
  const kernel = (await secondsOf(many, seconds)) / KERNELS;
  tf.dispose([x, weight]);
  return { products, bandwidth, kernel };
}

/** No processor multiplies some numbers faster than others. */
const filled = (shape: number[]): tf.Tensor => tf.fill(shape, 0.5);

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
