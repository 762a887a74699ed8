/** @file Rotary frequencies, and how they are stretched for longer contexts. */
import type { RopeConfig } from './config.ts';
import { ropeFrequencies } from '@arrowsmith/ops';

/**
 * The angle per position of each pair, and the factor of cosines and sines.
 *
 * @param headDim size of a head's vectors
 * @returns headDim / 2 angles in radians
 */
export function scaledFrequencies(
  { theta, scaling }: RopeConfig,
  headDim: number,
): { frequencies: Float64Array; amplitude: number } {
  const frequencies = ropeFrequencies(headDim, theta);
  switch (scaling?.kind) {
    case undefined:
      return { frequencies, amplitude: 1 };
    case 'linear':
      return { frequencies: frequencies.map((frequency) => frequency / scaling.factor), amplitude: 1 };
    case 'llama3': {
      const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength } = scaling;
      const stretched = frequencies.map((frequency) => {
        const turns = (originalContextLength * frequency) / (2 * Math.PI); // within the original context
        if (turns >= high) return frequency;
        if (turns < low) return frequency / factor;
        return mix(frequency / factor, frequency, (turns - low) / (high - low));
      });
      return { frequencies: stretched, amplitude: 1 };
    }
    case 'yarn': {
      const { factor, originalContextLength, betaFast, betaSlow } = scaling;
      // The pair that rotates so many times within the original context.
      const pairOf = (turns: number) =>
        (headDim * Math.log(originalContextLength / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
      const first = Math.max(Math.floor(pairOf(betaFast)), 0);
      const last = Math.min(Math.ceil(pairOf(betaSlow)), headDim - 1);
      const width = Math.max(last - first, 0.001);
      const stretched = frequencies.map((frequency, pair) => {
        const share = Math.min(Math.max((pair - first) / width, 0), 1);
        return mix(frequency, frequency / factor, share);
      });
      return { frequencies: stretched, amplitude: scaling.attentionFactor ?? 0.1 * Math.log(factor) + 1 };
    }
  }
}

const mix = (a: number, b: number, share: number): number => a + (b - a) * share;
