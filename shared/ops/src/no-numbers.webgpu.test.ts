/** @file What is no number, or infinite, does not become a plausible number on the backend webgpu, whose processors drop it in `max`, `min` and `clamp`. */
import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { OpCase } from './testing/cases/case.ts';
import { opCases } from './testing/cases.ts';
import { pagedAttention } from './index.ts';

beforeAll(async () => {
  await useBackend('cpu'); // which evaluates what is expected
  await useBackend('webgpu');
});

interface Input {
  name: string;
  shape: number[];
  dtype: tf.DataType;
  values: Float32Array | Int32Array;
}

/** Cases of few elements have the same shaders as those of many. Where numbers are sorted, it is open where what is none belongs. */
const FEW = 600;
const isLeftOut = ({ name }: OpCase, inputs: readonly Input[]): boolean =>
  name.startsWith('topK') || inputs.reduce((sum, { values }) => sum + values.length, 0) > FEW;

/** A case's inputs, and again for each of those of floats, with a value that is not finite. */
function withBadValues(inputs: readonly Input[]): { change: string; inputs: Input[] }[] {
  return inputs
    .filter(({ dtype }) => dtype === 'float32')
    .flatMap(({ name, values }) =>
      [NaN, Infinity, -Infinity].map((bad) => {
        const place = values.length >> 1;
        const changed = values.with(place, bad);
        return {
          change: `${name}[${place}] = ${bad}`,
          inputs: inputs.map((each) => (each.name === name ? { ...each, values: changed } : each)),
        };
      }),
    );
}

async function readInputs(opCase: OpCase): Promise<Input[]> {
  await tf.setBackend('cpu');
  return tf.tidy(() =>
    Object.entries(opCase.inputs()).map(([name, x]) => ({
      name,
      shape: x.shape,
      dtype: x.dtype,
      values: x.dataSync<'float32'>().slice(),
    })),
  );
}

const ofInputs = <T>(inputs: readonly Input[], f: (input: Input) => T): Record<string, T> =>
  Object.fromEntries(inputs.map((input) => [input.name, f(input)]));

async function outputsOf({ run }: OpCase, inputs: readonly Input[]): Promise<Float32Array[]> {
  await tf.setBackend('webgpu');
  const outputs = tf.tidy(() => run(ofInputs(inputs, ({ values, shape, dtype }) => tf.tensor(values, shape, dtype))));
  const found = await Promise.all(outputs.map(async (y) => (await y.data<'float32'>()).slice()));
  tf.dispose(outputs);
  return found;
}

test.for(opCases)(
  '$name: where the formula gives no number, the operation gives none that is finite',
  async (opCase, { skip }) => {
    const inputs = await readInputs(opCase);
    skip(isLeftOut(opCase, inputs));
    const finite: string[] = [];
    for (const { change, inputs: changed } of withBadValues(inputs)) {
      const expected = opCase.formula(
        ofInputs(changed, ({ shape, values }) => ({ shape, data: Float64Array.from(values) })),
      );
      const found = await outputsOf(opCase, changed);
      for (const [i, elements] of expected.entries()) {
        const at = elements.findIndex((x, j) => Number.isNaN(x) && Number.isFinite(found[i]![j]));
        if (at >= 0) finite.push(`${change}: output ${i}[${at}] is ${found[i]![at]}`);
      }
    }
    expect(finite).toEqual([]);
  },
);

test.each([
  { softCap: 0, bad: NaN },
  { softCap: 2, bad: NaN },
  { softCap: 0, bad: Infinity },
])('over pages, a query with scores that are no numbers has no result: %o', async ({ softCap, bad }) => {
  await tf.setBackend('webgpu');
  const layout = { queryOffsets: [0, 2], lengths: [2], blocks: [0], blockSize: 2, keyOffset: 0, valueOffset: 0 };
  const q = tf.tensor3d([1, 1, bad, 1], [2, 1, 2]);
  const table = tf.tensor3d([1, 2, 3, 4], [2, 1, 2]);
  const found = await pagedAttention(q, table, table, layout, { scale: 1, softCap }).data();
  expect([...found]).toEqual([1, 2, NaN, NaN]);
});
