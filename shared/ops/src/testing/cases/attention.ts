/** @file Cases of attention: shapes, masks, and steep scores. */
import * as tf from '@tensorflow/tfjs-core';
import { attention, positionsFrom, ropeFrequencies, ropeTables, type AttentionOptions } from '../../index.ts';
import { randomTensor } from '../errors.ts';
import * as formulas from '../formulas.ts';
import { label, scaled, STEEP_TOLERANCE, TOLERANCE, type OpCase } from './case.ts';

export interface AttentionSize {
  b?: number;
  s: number;
  sKv?: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  /** How many positions each sequence's documents have, the last of which goes on to the end; one document by default. */
  documents?: number[][];
}

/** For each position the first one of its document, [b, s_kv]. */
function startsOf(documents: number[][], sKv: number): number[][] {
  return documents.map((lengths) => {
    const begins = lengths.reduce((sums, length) => [...sums, sums.at(-1)! + length], [0]);
    return Array.from({ length: sKv }, (_, position) => begins.findLast((begin) => begin <= position)!);
  });
}

type Mask = Omit<AttentionOptions, 'scale' | 'documentOffsets' | 'rotary'>;

/** A mask by its predicate's name. */
const named = ({ mask }: Mask) => (mask === undefined ? {} : { mask: mask.predicate.name });

/** @param magnitude of the scores; 1 or so by default */
export function attentionCase(size: AttentionSize, options: Mask = {}, magnitude = 1): OpCase {
  const { b = 1, s, sKv = s, heads, kvHeads, headDim, documents } = size;
  const scale = magnitude / Math.sqrt(headDim);
  return {
    name: `attention: ${label({ ...size, ...options, ...named(options), ...(magnitude === 1 ? {} : { magnitude }) })}`,
    inputs: () => ({
      q: scaled([b, s, heads, headDim], 1, 3),
      k: randomTensor([b, sKv, kvHeads, headDim], 2),
      v: randomTensor([b, sKv, kvHeads, headDim], 3),
      ...(documents === undefined ? {} : { documentOffsets: tf.tensor2d(startsOf(documents, sKv), [b, sKv], 'int32') }),
    }),
    differentiable: ['q', 'k', 'v'],
    run: ({ q, k, v, documentOffsets }) => [attention(q!, k!, v!, { scale, ...options, documentOffsets })],
    formula: ({ q, k, v, documentOffsets }) => [formulas.attention(q!, k!, v!, { scale, ...options }, documentOffsets)],
    tolerance: magnitude === 1 ? TOLERANCE : STEEP_TOLERANCE,
  };
}

/** Attention that turns queries and keys first. @param rotaryPairs those that turn */
export function rotaryCase(size: AttentionSize, rotaryPairs: number, interleaved: boolean, options: Mask = {}): OpCase {
  const plain = attentionCase(size, options);
  const scale = 1 / Math.sqrt(size.headDim);
  return {
    ...plain,
    name: `${plain.name}, rotary: ${label({ rotaryPairs, interleaved })}`,
    inputs: () => ({
      ...plain.inputs(),
      ...ropeTables({ positions: positionsFrom(0, size.s), frequencies: ropeFrequencies(2 * rotaryPairs, 100) }),
    }),
    run: ({ q, k, v, documentOffsets, cos, sin }) => [
      attention(q!, k!, v!, { scale, ...options, documentOffsets, rotary: { cos: cos!, sin: sin!, interleaved } }),
    ],
    formula({ q, k, v, documentOffsets, cos, sin }) {
      const rotated = (x: formulas.Plain) => ({
        shape: x.shape,
        data: Float64Array.from(formulas.rope(x, cos!, sin!, interleaved)),
      });
      return [formulas.attention(rotated(q!), rotated(k!), v!, { scale, ...options }, documentOffsets)];
    },
  };
}

const MASKS: Mask[] = [
  { window: 1 },
  { window: 4 },
  { window: 64 },
  { window: 200 },
  { chunk: 1 },
  { chunk: 5 },
  { chunk: 32 },
  { chunk: 200 },
  { window: 6, chunk: 16 },
  { window: 40, chunk: 33 },
  { softCap: 2 },
  { softCap: 2, window: 7 },
  { softCap: 2, chunk: 7 },
  { softCap: 2, window: 9, chunk: 20 },
];

export const attentionCases = [
  ...[false, true].flatMap((interleaved) => [
    ...[1, 2, 7, 33, 130].map((s) => rotaryCase({ b: 2, s, heads: 4, kvHeads: 2, headDim: 8 }, 4, interleaved)),
    rotaryCase({ s: 33, heads: 2, kvHeads: 1, headDim: 18 }, 9, interleaved),
    rotaryCase({ b: 2, s: 65, heads: 3, kvHeads: 3, headDim: 48 }, 24, interleaved, { window: 12, softCap: 3 }),
    rotaryCase({ s: 70, heads: 2, kvHeads: 1, headDim: 96 }, 12, interleaved, { chunk: 32 }),
    rotaryCase({ b: 2, s: 40, heads: 2, kvHeads: 1, headDim: 8, documents: [[7, 9], [33]] }, 3, interleaved),
  ]),
  ...[8, 18, 64, 96, 256].flatMap((headDim) => [
    attentionCase({ s: 33, heads: 2, kvHeads: 1, headDim }),
    attentionCase({ s: 7, sKv: 40, heads: 2, kvHeads: 2, headDim }, { window: 12, softCap: 3 }),
  ]),
  ...[1, 2, 7, 33, 64, 65, 128, 130].flatMap((s) => [
    attentionCase({ b: 2, s, heads: 4, kvHeads: 2, headDim: 8 }),
    attentionCase({ s, heads: 2, kvHeads: 1, headDim: 16 }, { window: 3, chunk: 16 }),
  ]),
  ...MASKS.map((mask) => attentionCase({ s: 65, heads: 4, kvHeads: 2, headDim: 8 }, mask)),
  ...MASKS.map((mask) => attentionCase({ s: 3, sKv: 70, heads: 2, kvHeads: 1, headDim: 8 }, mask)),
  ...(
    [
      [1, 1],
      [3, 3],
      [6, 2],
      [4, 1],
      [8, 2],
      [5, 1],
    ] as const
  ).map(([heads, kvHeads]) => attentionCase({ b: 2, s: 7, heads, kvHeads, headDim: 6 })),
  ...(
    [
      [1, 2],
      [1, 6],
      [1, 130],
      [3, 8],
      [33, 65],
      [2, 130],
      [64, 130],
    ] as const
  ).flatMap(([s, sKv]) => [
    attentionCase({ b: 2, s, sKv, heads: 4, kvHeads: 2, headDim: 8 }),
    attentionCase({ s, sKv, heads: 3, kvHeads: 3, headDim: 18 }, { window: 4 }),
    attentionCase({ s, sKv, heads: 2, kvHeads: 1, headDim: 8 }, { chunk: 3 }),
  ]),
  ...[{}, { window: 9 }, { chunk: 20 }, { softCap: 2, window: 30 }].flatMap((mask) => [
    attentionCase({ s: 65, heads: 2, kvHeads: 1, headDim: 8, documents: [[64]] }, mask),
    attentionCase({ b: 2, s: 70, heads: 4, kvHeads: 2, headDim: 8, documents: [[1, 1, 30, 5], [50]] }, mask),
    attentionCase({ b: 2, s: 5, sKv: 70, heads: 2, kvHeads: 2, headDim: 8, documents: [[66, 2], [60]] }, mask),
    attentionCase({ b: 2, s: 2, sKv: 40, heads: 2, kvHeads: 1, headDim: 8, documents: [[39], []] }, mask),
  ]),
  attentionCase({ b: 2, s: 200, heads: 1, kvHeads: 1, headDim: 16, documents: [[33, 100, 3], [199]] }),
  attentionCase({ s: 33, heads: 2, kvHeads: 1, headDim: 8 }, {}, 1000),
  attentionCase({ s: 33, heads: 2, kvHeads: 1, headDim: 64 }, { window: 5 }, 1000),
  attentionCase({ s: 33, heads: 2, kvHeads: 1, headDim: 8 }, { softCap: 50 }, 1000),
];
