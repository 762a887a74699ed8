/** @file Whether `auto` takes the graphics processor for a model: by measured speeds, and only where much is gained. */
import type { AdapterDescription } from '@arrowsmith/backend-webgpu/adapter';
import type { KeptSpeeds } from './kept.ts';
import { stepSeconds, type Work } from './speed.ts';

/** A gain that is worth another backend, whose results have other last bits. An estimate that is off by less changes nothing. */
const WORTH = 1.5;

/** Work of a step, in FLOP, below which nothing is looked at: its kernels are over before a graphics processor has begun. */
export const LEAST_FLOP = 2e9;

/** The graphics processor beside the backend that would be taken otherwise. */
export interface Gain {
  adapter: AdapterDescription;
  /** How many times as fast a step is, about. */
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
  if (adapter == null || adapter.isSoftware || work.flop < LEAST_FLOP) return undefined;
  const [there, here] = [kept?.speeds[other], kept?.speeds[own]];
  if (there === undefined || here === undefined) return undefined;
  const factor = stepSeconds(work, there) / stepSeconds(work, here);
  return { adapter, factor, isWorth: factor >= WORTH };
}

/** A gain in a few words: `3.1x`. */
export const describeFactor = (factor: number): string => `${factor < 10 ? factor.toFixed(1) : factor.toFixed(0)}x`;
