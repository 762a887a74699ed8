/** @file Fuzzes the checkpoints of a training: a damaged one is passed over, with a notice, for the one before. */
import { join } from 'node:path';
import { loadCheckpoint, saveCheckpoint, type TrainingState } from '@arrowsmith/training';
import { type Fuzzer, Refused } from '../harness.ts';

export const checkpoints: Fuzzer = {
  name: 'checkpoints',
  async prepare(folder) {
    const weights = {
      'model.norm.weight': { shape: [3], data: Float32Array.of(1, 2, 3) },
      b: { shape: [2, 1], data: Float32Array.of(4, 5) },
    };
    const stateAt = (steps: number): TrainingState => ({
      parameters: weights,
      firstMoments: weights,
      secondMoments: weights,
      log: Array.from({ length: steps }, (_, i) => ({
        step: i + 1,
        tokens: 10 * i,
        trainLoss: 1 / (i + 1),
        learningRate: 1e-3,
        gradientNorm: 0.5,
        validationLoss: null,
      })),
    });
    const run = { steps: 10, model: { hiddenSize: 3 } };
    const first = await saveCheckpoint(folder, stateAt(2), run);
    await saveCheckpoint(folder, stateAt(4), run, first);
    return {
      guarded: true,
      files: ['step-00000002.arrow', 'step-00000004.arrow'].map((name) => ({
        path: join(folder, name),
        kind: 'bytes',
      })),
      async read() {
        const notices: string[] = [];
        const loaded = await loadCheckpoint(folder, run, (notice) => notices.push(notice));
        if (notices.length > 0) throw new Refused(notices.join('\n'));
        return loaded;
      },
    };
  },
};
