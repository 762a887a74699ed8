/**
 * @file A mixture of experts beside a dense feed-forward network of the same active size, and attention whose windows make it sparse
 * beside one without.
 */
import {
  attention,
  combine,
  dispatch,
  groupedLinears,
  linear,
  linears,
  sortByExpert,
  swiglu,
  topK,
} from '@arrowsmith/ops';
import type * as tf from '@tensorflow/tfjs-core';
import type { KernelCase } from './kernel-cases.ts';

const n = 4096;
const d = 256;
const experts = 8;
const chosen = 2;
/** Inner features of an expert; of the dense network, those of the chosen ones together. */
const f = 384;

/** Two floating-point operations for each active weight and row, forward; twice that for the two gradients. */
const ffnFlop = { forward: 2 * n * chosen * 3 * d * f, gradient: 4 * n * chosen * 3 * d * f };

/** @param random makes a tensor of that shape */
export function mixtureCases(random: (...shape: number[]) => tf.Tensor): KernelCase[] {
  const dense: KernelCase = {
    name: 'dense SwiGLU FFN',
    prepare: () => ({
      variables: [random(n, d), random(chosen * f, d), random(chosen * f, d), random(d, chosen * f)],
      call: (x, gateWeight, upWeight, downWeight) => {
        const [gate, up] = linears(x!, [gateWeight!, upWeight!]) as [tf.Tensor, tf.Tensor];
        return [linear(swiglu(gate, up), downWeight!)];
      },
    }),
    flop: ffnFlop,
  };
  const mixture: KernelCase = {
    name: `the same of ${chosen} of ${experts} experts`,
    prepare: () => ({
      variables: [
        random(n, d),
        random(experts, d),
        random(experts, f, d),
        random(experts, f, d),
        random(experts, d, f),
      ],
      call: (x, router, gateWeight, upWeight, downWeight) => {
        const { values, indices } = topK(linear(x!, router!), chosen);
        const routes = sortByExpert(indices, experts);
        const rows = dispatch(x!, routes);
        const [gate, up] = groupedLinears(rows, [gateWeight!, upWeight!], routes.offsets) as [tf.Tensor, tf.Tensor];
        return [combine(groupedLinears(swiglu(gate, up), [downWeight!], routes.offsets)[0]!, routes, values)];
      },
    }),
    flop: ffnFlop,
  };
  return [dense, mixture, attentionCase(), attentionCase(64)];

  function attentionCase(window?: number): KernelCase {
    const [b, s, heads, headDim] = [4, 512, 6, 48];
    return {
      name: window === undefined ? `attention, ${s} tokens` : `attention, ${s} tokens, window ${window}`,
      prepare: () => ({
        variables: [random(b, s, heads, headDim), random(b, s, heads, headDim), random(b, s, heads, headDim)],
        call: (q, k, v) => [attention(q!, k!, v!, { scale: 1 / Math.sqrt(headDim), ...(window ? { window } : {}) })],
      }),
    };
  }
}
