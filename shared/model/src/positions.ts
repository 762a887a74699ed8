/** @file What attention knows of positions: rotary tables, whose frequencies may be stretched for longer contexts, and temperatures. */
import { fillRopeTables, ropeFrequencies, ropeTables } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { AttentionConfig, RopeConfig } from './config.ts';

/** Functions of the positions of s tokens. */
export type PositionTables = {
  /** Rotary tables [s, rotaryPairs]; none in a layer without positions. */
  rotary?: { cos: tf.Tensor; sin: tf.Tensor };
  /** Factor of the queries, [s]; none where temperatures are not tuned. */
  temperature?: tf.Tensor;
};

/** The tables of each layer, of which equal ones are made once. */
export function positionTables(positions: readonly number[]): (attention: AttentionConfig) => PositionTables {
  const made = new Map<string, PositionTables>();
  return (attention) => {
    const { rope, headDim, temperatureTuning } = attention;
    const key = keyOf(attention);
    const tables = made.get(key) ?? {
      ...(rope === null ? {} : { rotary: ropeTables({ positions, ...scaledFrequencies(rope, headDim) }) }),
      ...(temperatureTuning === null ? {} : { temperature: temperatures(positions, temperatureTuning) }),
    };
    made.set(key, tables);
    return tables;
  };
}

/** What a layer's tables depend on. */
const keyOf = ({ rope, headDim, temperatureTuning }: AttentionConfig): string =>
  JSON.stringify([rope, headDim, temperatureTuning]);

function temperatures(
  positions: readonly number[],
  tuning: NonNullable<AttentionConfig['temperatureTuning']>,
): tf.Tensor {
  return tf.tensor1d(positions.map((position) => temperature(position, tuning)));
}

function temperature(
  position: number,
  { floorScale, scale }: NonNullable<AttentionConfig['temperatureTuning']>,
): number {
  return 1 + scale * Math.log1p(Math.floor((position + 1) / floorScale));
}

/** {@link positionTables} of positions that change: for a pass that is recorded. */
export interface ChangingTables {
  of(attention: AttentionConfig): PositionTables;
  /** Writes the tables of these positions, as many as there are, into the same memory. */
  set(positions: readonly number[]): void;
  dispose(): void;
}

/** @param count of positions */
export function changingTables(layers: readonly AttentionConfig[], count: number): ChangingTables {
  const kinds = new Map(layers.map((attention) => [keyOf(attention), attention]));
  const setters: ((positions: readonly number[]) => void)[] = [];
  /** A tensor on memory of its own, which a setter may write. */
  const table = (columns: number[]) => {
    const values = new Float32Array(columns.reduce((size, n) => size * n, count));
    return { values, tensor: tf.keep(tf.tensor(values, [count, ...columns])) };
  };
  const tables = new Map<string, PositionTables>();
  for (const [key, { rope, headDim, temperatureTuning }] of kinds) {
    const own: PositionTables = {};
    if (rope !== null) {
      const scaled = scaledFrequencies(rope, headDim);
      const [cos, sin] = [table([scaled.frequencies.length]), table([scaled.frequencies.length])];
      own.rotary = { cos: cos.tensor, sin: sin.tensor };
      setters.push((positions) => {
        fillRopeTables({ cos: cos.values, sin: sin.values }, { positions, ...scaled });
      });
    }
    if (temperatureTuning !== null) {
      const factors = table([]);
      own.temperature = factors.tensor;
      setters.push((positions) => {
        for (const [i, position] of positions.entries()) factors.values[i] = temperature(position, temperatureTuning);
      });
    }
    tables.set(key, own);
  }
  return {
    of: (attention) => tables.get(keyOf(attention)) ?? {},
    set: (positions) => setters.forEach((set) => set(positions)),
    dispose: () => tf.dispose([...tables.values()]),
  };
}

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
