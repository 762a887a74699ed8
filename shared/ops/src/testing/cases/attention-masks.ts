/** @file Cases of attention with masks of any form. */
import { maskOf } from '../../index.ts';
import * as predicates from '../masks.ts';
import { attentionCase, rotaryCase } from './attention.ts';

/** One mask of each predicate for all cases: of sequences of any length, in any order. */
const MASKS = Object.values(predicates).map((predicate) => maskOf(predicate));

const LARGE = [maskOf(predicates.prefixLm), maskOf(predicates.documents)];

export const attentionMaskCases = [
  ...MASKS.flatMap((mask, i) => [
    ...[1, 7, 65].map((s) => attentionCase({ s, heads: 4, kvHeads: 2, headDim: 8 }, { mask })),
    ...[3, 40].map((s) => attentionCase({ s, sKv: 70, heads: 3, kvHeads: 1, headDim: 18 }, { mask, softCap: 2 })),
    attentionCase({ b: 2, s: 70, heads: 2, kvHeads: 1, headDim: 8, documents: [[1, 1, 30, 5], [50]] }, { mask }),
    attentionCase({ b: 2, s: 5, sKv: 70, heads: 2, kvHeads: 2, headDim: 8, documents: [[66, 2], [60]] }, { mask }),
    rotaryCase({ s: 65, heads: 2, kvHeads: 2, headDim: 16 }, 5, i % 2 === 0, { mask, softCap: 3 }),
    rotaryCase({ b: 2, s: 40, heads: 2, kvHeads: 1, headDim: 8, documents: [[7, 9], [33]] }, 3, false, { mask }),
  ]),
  ...LARGE.flatMap((mask) => [
    ...[64, 130].map((s) => attentionCase({ b: 2, s, heads: 4, kvHeads: 2, headDim: 8 }, { mask })),
    attentionCase({ s: 33, heads: 2, kvHeads: 1, headDim: 256 }, { mask }),
  ]),
];
