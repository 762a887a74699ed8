import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parameterShapes, type Weights } from '@arrowsmith/model';
import { resolveBackend, useBackend, type BackendName } from '@arrowsmith/engine';
import { train } from './loop.ts';
import { config, countingRows, splitOf, tinyParameters } from './testing/tiny-run.ts';

interface TorchRun {
  /** Loss and gradient norm of each step. */
  steps: [number, number][];
  lossAfter: number;
}

/** What scripts/parity/training.py prints, in float64. */
const ADAMW: TorchRun = {
  steps: [
    [2.926029, 0.988589],
    [2.799615, 0.84477],
    [2.60408, 0.694044],
    [2.406524, 0.626336],
    [2.236242, 0.386708],
    [2.18804, 0.420533],
    [2.12424, 0.417042],
    [2.04835, 0.479682],
    [1.964208, 0.510146],
    [1.888399, 0.395808],
    [1.829836, 0.391285],
    [1.788691, 0.518734],
    [1.741999, 0.409084],
    [1.696953, 0.475485],
    [1.66171, 0.48703],
    [1.631265, 0.466761],
    [1.601682, 0.455253],
    [1.577077, 0.43492],
    [1.559243, 0.396713],
    [1.546844, 0.435644],
  ],
  lossAfter: 1.535506,
};
const MUON: TorchRun = {
  steps: [
    [2.926029, 0.988589],
    [2.866371, 0.951229],
    [2.755032, 0.880426],
    [2.606343, 0.782875],
    [2.436529, 0.676502],
    [2.295489, 0.590848],
    [2.18172, 0.515585],
    [2.091802, 0.452623],
    [2.021426, 0.398091],
    [1.967038, 0.369756],
    [1.924508, 0.375554],
    [1.889107, 0.384639],
    [1.858607, 0.383816],
    [1.832289, 0.381239],
    [1.810011, 0.382524],
    [1.791506, 0.387323],
    [1.776474, 0.393544],
    [1.764534, 0.39989],
    [1.755057, 0.405733],
    [1.74714, 0.411058],
  ],
  lossAfter: 1.739654,
};

/** Element i of the t-th matrix (in order of names) is 0.2 sin(1.7 i + t); norms are ones. */
function closedFormWeights(): Weights {
  const shapes = parameterShapes(config).sort((a, b) => (a.name < b.name ? -1 : 1));
  const matrices = shapes.filter(({ shape }) => shape.length === 2).map(({ name }) => name);
  return Object.fromEntries(
    shapes.map(({ name, shape }) => {
      const t = matrices.indexOf(name);
      const length = shape.reduce((product, size) => product * size, 1);
      return [
        name,
        { shape, data: Float32Array.from({ length }, (_, i) => (t < 0 ? 1 : 0.2 * Math.sin(1.7 * i + t))) },
      ];
    }),
  );
}

const backends = new Set<BackendName>(['cpu', 'wasm', resolveBackend('auto')]); // native where it is built

const runs = [...backends].flatMap((backend) => [
  { backend, method: 'adamw' as const, expected: ADAMW },
  { backend, method: 'muon' as const, expected: MUON },
]);

test.each(runs)(
  'a run by $method on $backend follows the same run in PyTorch',
  async ({ backend, method, expected }) => {
    await useBackend(backend);
    const directory = await mkdtemp(join(tmpdir(), 'torch-parity-'));
    // A batch is the whole split, so that the order of rows does not matter.
    const split = splitOf(countingRows(11));
    const { log } = await train({
      config,
      weights: closedFormWeights(),
      parameters: tinyParameters({
        steps: 20,
        batchSize: 11,
        optimizer: { method, learningRate: 0.02, minimumLearningRate: 0.002, warmupSteps: 4, gradientClip: 0.5 },
        validation: { every: 1000, rows: 11 },
      }),
      train: split,
      validation: split,
      checkpointDirectory: directory,
    });
    await rm(directory, { recursive: true, force: true });
    // float32 against float64: 2⁻²⁴ a rounding, amplified by 20 steps.
    log.forEach(({ trainLoss, gradientNorm }, i) => {
      expect(Math.abs(trainLoss - expected.steps[i]![0])).toBeLessThan(1e-5);
      expect(Math.abs(gradientNorm - expected.steps[i]![1])).toBeLessThan(1e-5);
    });
    expect(Math.abs(log.at(-1)!.validationLoss! - expected.lossAfter)).toBeLessThan(1e-5);
  },
);
