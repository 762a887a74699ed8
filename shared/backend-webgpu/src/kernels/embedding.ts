/** @file Rows of a table by their numbers. */
import { defineShader, EACH_ELEMENT, EACH_ROW, elementGroups, spread, THREADS } from '../shader.ts';
import { expectShape, type Kernels, sizeOf, tensor } from './kernel.ts';

const gather = defineShader({
  name: 'embedding',
  bindings: { weight: 'f32', ids: 'i32', y: 'out f32' },
  parameters: { size: 'u32', d: 'u32' },
  body: `${EACH_ELEMENT} y[i] = weight[u32(ids[i / parameters.d]) * parameters.d + i % parameters.d];`,
});

const clear = defineShader({
  name: 'zeros',
  bindings: { y: 'out f32' },
  parameters: { size: 'u32' },
  body: `${EACH_ELEMENT} y[i] = 0.0;`,
});

/**
 * A workgroup for each position: the first one of an id sums the gradients of all positions of that id, in their order, so that there is one writer
 * for each row, and the same sum always.
 */
const scatter = defineShader({
  name: "embedding's gradient",
  bindings: { dValue: 'f32', ids: 'i32', dWeight: 'out f32' },
  parameters: { n: 'u32', d: 'u32' },
  declarations: 'var<workgroup> isFirst: u32;',
  body: `${EACH_ROW}
  let id = ids[row];
  if (lane == 0u) {
    isFirst = 1u;
    for (var before = 0u; before < row; before++) { if (ids[before] == id) { isFirst = 0u; break; } }
  }
  if (workgroupUniformLoad(&isFirst) == 0u) { return; }
  for (var j = lane; j < parameters.d; j += ${THREADS}u) {
    var sum = 0.0;
    for (var other = row; other < parameters.n; other++) {
      if (ids[other] == id) { sum += dValue[other * parameters.d + j]; }
    }
    dWeight[u32(id) * parameters.d + j] = sum;
  }
`,
});

export const embeddingKernels: Kernels = {
  /** weight [V, d], ids int32 [...] → y [..., d] */
  Embedding({ inputs, backend }) {
    const [weight, ids] = [tensor(inputs, 'weight'), tensor(inputs, 'ids')];
    const d = weight.shape[1]!;
    const y = backend.output([...ids.shape, d]);
    const size = sizeOf(y.shape);
    gather(backend, { weight, ids, y }, { size, d }, elementGroups(size));
    return y;
  },

  /** dValue [..., d], weight [V, d], ids int32 [...] → dWeight [V, d] */
  EmbeddingGrad({ inputs, backend }) {
    const [dValue, weight, ids] = [tensor(inputs, 'dValue'), tensor(inputs, 'weight'), tensor(inputs, 'ids')];
    const d = weight.shape[1]!;
    expectShape('dValue', dValue, [...ids.shape, d]);
    const n = sizeOf(ids.shape);
    const dWeight = backend.output(weight.shape);
    const size = sizeOf(weight.shape);
    clear(backend, { y: dWeight }, { size }, elementGroups(size));
    scatter(backend, { dValue, ids, dWeight }, { n, d }, spread(n));
    return dWeight;
  },
};
