/** @file Rows of a table by their numbers. */
import { defineShader, EACH_ELEMENT, elementGroups } from '../shader.ts';
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

/** Of each position the next one of the same id, or how many there are, and whether no such came before. */
const link = defineShader({
  name: 'positions of an id',
  bindings: { ids: 'i32', next: 'out i32', isFirst: 'out i32' },
  parameters: { size: 'u32' },
  body: `${EACH_ELEMENT}
  let id = ids[i];
  var after = i + 1u;
  while (after < parameters.size && ids[after] != id) { after++; }
  next[i] = i32(after);
  var before = i;
  while (before > 0u && ids[before - 1u] != id) { before--; }
  isFirst[i] = select(0, 1, before == 0u);
`,
});

/** The first position of an id sums the gradients of all of them, in their order, so that there is one writer for each row, and the same sum always. */
const scatter = defineShader({
  name: "embedding's gradient",
  bindings: { dValue: 'f32', ids: 'i32', next: 'i32', isFirst: 'i32', dWeight: 'out f32' },
  parameters: { size: 'u32', n: 'u32', d: 'u32' },
  body: `${EACH_ELEMENT}
  let position = i / parameters.d;
  if (isFirst[position] == 0) { return; }
  let column = i % parameters.d;
  var sum = 0.0;
  for (var other = position; other < parameters.n; other = u32(next[other])) { sum += dValue[other * parameters.d + column]; }
  dWeight[u32(ids[position]) * parameters.d + column] = sum;
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
    if (n === 0) return dWeight;
    const [next, isFirst] = [backend.makeTensorInfo([n], 'int32'), backend.makeTensorInfo([n], 'int32')];
    link(backend, { ids, next, isFirst }, { size: n }, elementGroups(n));
    scatter(backend, { dValue, ids, next, isFirst, dWeight }, { size: n * d, n, d }, elementGroups(n * d));
    for (const each of [next, isFirst]) backend.disposeData(each.dataId);
    return dWeight;
  },
};
