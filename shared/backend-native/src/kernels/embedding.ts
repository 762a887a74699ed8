/** @file Rows of a table by their numbers. */
import { expectRank, expectShape, type Kernels, tensor } from './kernel.ts';

export const embeddingKernels: Kernels = {
  /** weight [V, d], ids int32 [...] → y [..., d] */
  Embedding({ inputs, backend }) {
    const [weight, ids] = [tensor(inputs, 'weight'), tensor(inputs, 'ids')];
    expectRank('weight', weight, 2);
    const [vocabularySize, d] = weight.shape as [number, number];
    const rows = backend.integers(ids);
    const table = backend.floats(weight);
    const y = backend.output([...ids.shape, d]);
    backend.addon.embedding(rows.length, d, vocabularySize, rows, table, backend.floats(y));
    return y;
  },

  /** dValue [..., d], weight [V, d], ids int32 [...] → dWeight [V, d] */
  EmbeddingGrad({ inputs, backend }) {
    const [dValue, weight, ids] = [tensor(inputs, 'dValue'), tensor(inputs, 'weight'), tensor(inputs, 'ids')];
    expectRank('weight', weight, 2);
    const [vocabularySize, d] = weight.shape as [number, number];
    expectShape('dValue', dValue, [...ids.shape, d]);
    const rows = backend.integers(ids);
    const dY = backend.floats(dValue);
    const dWeight = backend.output(weight.shape);
    backend.addon.embeddingGradient(rows.length, d, vocabularySize, rows, dY, backend.floats(dWeight));
    return dWeight;
  },
};
