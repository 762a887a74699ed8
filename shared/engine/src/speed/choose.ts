/** @file Whether `auto` takes the graphics processor for a model: by measured speeds, and only where much is gained. */
import type { AdapterDescription } from '@arrowsmith/backend-webgpu/adapter';
import type { KeptSpeeds } from './kept.ts';
import { workSeconds, type Work } from './speed.ts';

/** A gain that is worth another backend, whose results have other last bits. An estimate that is off by less changes nothing. */
const WORTH = 1.5;

/** Work of a step, in FLOP, below which nothing is looked at: its kernels are over before a graphics processor has begun. */
const LEAST_FLOP = 2e9;

/** Bytes that are taken of a graphics processor's memory without asking. WebGPU does not tell how many there are; as many, one that is worth it has. */
const MODEST = 2e9;

/** Whether work is such that a graphics processor may be taken for it. */
export const isForGraphics = ({ flop, storedFlop = 0, memory = 0 }: Work): boolean =>
  flop + storedFlop >= LEAST_FLOP && memory <= MODEST;

/** The graphics processor beside the backend that would be taken otherwise. */
export interface Gain {
  adapter: AdapterDescription;
  /** How many times as fast the work is done, about. */
  factor: number;
  isWorth: boolean;
}

/**
 * @param other the backend that `auto` takes otherwise, and its precision: `native bf16`
 * @param own those of the graphics processor: `webgpu f32`
 * @returns undefined where there is no graphics processor, none that may be chosen, or nothing to say of either
 */
export function gainOf(work: Work, kept: KeptSpeeds | undefined, other: string, own: string): Gain | undefined {
  const adapter = kept?.adapter;
  if (adapter == null || adapter.isSoftware || !isForGraphics(work)) return undefined;
  const [there, here] = [kept?.speeds[other], kept?.speeds[own]];
  if (there === undefined || here === undefined) return undefined;
  const factor = workSeconds(work, there) / workSeconds(work, here);
  return { adapter, factor, isWorth: factor >= WORTH };
}

/** A gain in a few words: `3.1x`. */
export const describeFactor = (factor: number): string => `${factor < 10 ? factor.toFixed(1) : factor.toFixed(0)}x`;
