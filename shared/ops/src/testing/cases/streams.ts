/** @file Cases of what copies of the residual stream, and per-layer embeddings, are made of: sums, magnitudes, slices by layer. */
import { addToEach, matchMagnitudes, scaledSum, sumLayerSlices } from '../../index.ts';
import { randomTensor } from '../errors.ts';
import * as formulas from '../formulas.ts';
import { label, TOLERANCE, type OpCase } from './case.ts';

const namesOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `x${i}`);
const listed = <T>(inputs: Record<string, T>, count: number): T[] => namesOf(count).map((name) => inputs[name]!);
const xsOf = (shape: number[], count: number) =>
  Object.fromEntries(namesOf(count).map((name, i) => [name, randomTensor(shape, 2 + i)]));

/** Values around 1 have a mean square of about 1/3: 0.3 is above that of some rows. */
const magnitudeCases = [
  { shape: [1, 1], count: 1, least: 1e-5 },
  { shape: [2, 3, 17], count: 3, least: 0.3 },
  { shape: [5, 64], count: 2, least: 10 },
  { shape: [300, 70], count: 3, least: 1e-5 },
].map(({ shape, count, least }): OpCase => ({
  name: `matchMagnitudes: ${label({ shape, count, least })}`,
  inputs: () => ({ other: randomTensor(shape, 1), ...xsOf(shape, count) }),
  differentiable: ['other', ...namesOf(count)],
  run: (inputs) => matchMagnitudes(listed(inputs, count), inputs['other']!, { least }),
  formula: (inputs) => listed(inputs, count).map((x) => formulas.matchMagnitudes(x, inputs['other']!, least)),
  tolerance: TOLERANCE,
}));

const sliceCases = [
  { shape: [1, 1], layers: 1 },
  { shape: [2, 3], layers: 3, p: 5 },
  { shape: [300], layers: 2, p: 17 },
].map(({ shape, layers, p = 1 }): OpCase => ({
  name: `sumLayerSlices: ${label({ shape, layers, p })}`,
  inputs: () => ({ a: randomTensor([...shape, layers * p], 1), b: randomTensor([...shape, layers * p], 2) }),
  differentiable: ['a', 'b'],
  run: ({ a, b }) => sumLayerSlices(a!, b!, { layers, factorA: 0.7, factorB: -3 }),
  formula: ({ a, b }) => formulas.layerSlices(a!, 0.7, b!, -3, layers),
  tolerance: TOLERANCE,
}));

const sumShapes = [[1], [3, 17], [2, 130, 70]];

const sumCases = sumShapes.flatMap((shape, i): OpCase[] => {
  const count = i + 1;
  const factor = [1, 0.5, -3][i]!;
  return [
    {
      name: `scaledSum: ${label({ shape, count, factor })}`,
      inputs: () => xsOf(shape, count),
      differentiable: namesOf(count),
      run: (inputs) => [scaledSum(listed(inputs, count), factor)],
      formula: (inputs) => {
        const [first, ...others] = listed(inputs, count);
        return [Array.from(first!.data, (x, at) => factor * others.reduce((total, { data }) => total + data[at]!, x))];
      },
      tolerance: TOLERANCE,
    },
    {
      name: `addToEach: ${label({ shape, count })}`,
      inputs: () => ({ addition: randomTensor(shape, 1), ...xsOf(shape, count) }),
      differentiable: ['addition', ...namesOf(count)],
      run: (inputs) => addToEach(listed(inputs, count), inputs['addition']!),
      formula: (inputs) =>
        listed(inputs, count).map(({ data }) => Array.from(data, (x, at) => x + inputs['addition']!.data[at]!)),
      tolerance: TOLERANCE,
    },
  ];
});

export const streamCases = [...magnitudeCases, ...sliceCases, ...sumCases];
