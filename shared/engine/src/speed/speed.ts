/** @file What a backend does in a second on this machine, and what that makes of a step of training: by it `auto` chooses. */
import * as z from 'zod';

const positive = z.number().positive();

/** Terms of the sums of the products that are measured, ascending: the width of narrow, usual and wide models. */
export const WIDTHS = [128, 512, 1024] as const;

export const speedSchema = z.strictObject({
  /** FLOP/s of products of matrices, for each of {@link WIDTHS}. */
  products: z.array(positive).length(WIDTHS.length),
  /** Bytes/s, read and written. */
  bandwidth: positive,
  /** Seconds of a kernel that computes next to nothing, with what JavaScript does for it. */
  kernel: positive,
});

export type Speed = z.infer<typeof speedSchema>;

/** What a step of training has to compute (`trainingWork` of the package model). */
export interface Work {
  flop: number;
  /** Of what is no product of matrices. */
  bytes: number;
  kernels: number;
  /** Terms of the sums of most products. */
  width: number;
}

/** FLOP/s of products with sums of so many terms: between those measured on a line over the logarithm, beyond them as at the ends. */
export function rateAt({ products }: Speed, width: number): number {
  const after = WIDTHS.findIndex((each) => each >= width);
  if (after === -1) return products.at(-1)!;
  if (after === 0) return products[0]!;
  const [low, high] = [WIDTHS[after - 1]!, WIDTHS[after]!];
  const share = Math.log(width / low) / Math.log(high / low);
  return products[after - 1]! * (1 - share) + products[after]! * share;
}

/** Seconds that a step takes, about: what is left out is left out on every backend. */
export function stepSeconds({ flop, bytes, kernels, width }: Work, speed: Speed): number {
  return flop / rateAt(speed, width) + bytes / speed.bandwidth + kernels * speed.kernel;
}

/** By so much a number may be another when it is measured again, and still be the same: a machine is never quite as busy as before. */
const NOISE = 1.25;

/** Whether two measurements say the same. */
export function isAlike(a: Speed, b: Speed): boolean {
  const numbersOf = ({ products, bandwidth, kernel }: Speed): number[] => [...products, bandwidth, kernel];
  const others = numbersOf(b);
  return numbersOf(a).every((number, i) => Math.abs(Math.log(number / others[i]!)) <= Math.log(NOISE));
}
