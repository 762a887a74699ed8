/** @file What a backend does in a second on this machine, and what that makes of a step of training, or a pass of evaluation: by it `auto` chooses. */
import * as z from 'zod';

const positive = z.number().positive();

/** Terms of the sums of the products that are measured, ascending: the width of narrow, usual and wide models. */
export const WIDTHS = [128, 512, 1024] as const;

export const speedSchema = z.strictObject({
  /** FLOP/s of products of matrices, for each of {@link WIDTHS}. */
  products: z.array(positive).length(WIDTHS.length),
  /** The same of products with matrices as they are stored: those of a model that does not learn. */
  stored: z.array(positive).length(WIDTHS.length),
  /** Bytes/s, read and written. */
  bandwidth: positive,
  /** Bytes/s of a matrix that one row is multiplied with, as when a token is written. */
  reading: positive,
  /** Seconds of a kernel that computes next to nothing, with what JavaScript does for it, in a pass that is repeated. */
  kernel: positive,
  /** The same in a pass that is not. */
  call: positive,
  /** Seconds from asking for a small result until it is there. */
  wait: positive,
});

export type Speed = z.infer<typeof speedSchema>;

/** What a step of training, or a pass, has to compute (`trainingWork`, `adaptingWork` and `evaluationWork` of the package model). */
export interface Work {
  flop: number;
  /** FLOP of products with matrices as they are stored, which `flop` does not count. */
  storedFlop?: number;
  /** Of what is no product of matrices. */
  bytes: number;
  /** Bytes of matrices that one row alone is multiplied with. */
  bytesForRows?: number;
  /** Of passes that are repeated. */
  kernels: number;
  /** Kernels of other passes. */
  calls?: number;
  /** Results that are waited for before it goes on. */
  waits?: number;
  /** Terms of the sums of most products. */
  width: number;
  /** Bytes that it takes of a graphics processor's memory, where nobody asks whether they are there before it begins. */
  memory?: number;
}

/** FLOP/s of products with sums of so many terms: between those measured on a line over the logarithm, beyond them as at the ends. */
export function rateAt(rates: readonly number[], width: number): number {
  const after = WIDTHS.findIndex((each) => each >= width);
  if (after === -1) return rates.at(-1)!;
  if (after === 0) return rates[0]!;
  const [low, high] = [WIDTHS[after - 1]!, WIDTHS[after]!];
  const share = Math.log(width / low) / Math.log(high / low);
  return rates[after - 1]! * (1 - share) + rates[after]! * share;
}

/** Seconds that work takes, about: what is left out is left out on every backend. */
export function workSeconds(work: Work, speed: Speed): number {
  const { flop, storedFlop = 0, bytes, bytesForRows = 0, kernels, calls = 0, waits = 0, width } = work;
  const products = flop / rateAt(speed.products, width) + storedFlop / rateAt(speed.stored, width);
  const traffic = bytes / speed.bandwidth + bytesForRows / speed.reading;
  return products + traffic + kernels * speed.kernel + calls * speed.call + waits * speed.wait;
}

/** By so much a number may be another when it is measured again, and still be the same: a machine is never quite as busy as before. */
const NOISE = 1.25;

/** Whether two measurements say the same. */
export function isAlike(a: Speed, b: Speed): boolean {
  const numbersOf = (speed: Speed): number[] => Object.values(speed).flat();
  const others = numbersOf(b);
  return numbersOf(a).every((number, i) => Math.abs(Math.log(number / others[i]!)) <= Math.log(NOISE));
}
