/** @file How long an optimizer step takes on this machine, by running some. */
import { initialWeights, tensorsOf, type DecoderConfig } from '@arrowsmith/model';
import { globalNorm } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { batchGradients } from './gradients.ts';
import { emptyRows, type TrainingMemoryOptions } from './memory.ts';
import { initialState, updateParameters } from './optimizer.ts';

/**
 * The median seconds of an optimizer step of a dense model on the backend that is active, of the steps of the second half of a time: in the first
 * one code runs that is not compiled yet. Work beside counts, as it will when a model is trained. Tokens are all the same, which takes as long as
 * others do.
 *
 * @param seconds how long to measure, about; one step is run in any case
 */
export async function measureSteps({
  config,
  parameters: { batchSize, optimizer },
  seconds,
}: {
  config: DecoderConfig;
  parameters: Pick<TrainingMemoryOptions['parameters'], 'batchSize' | 'optimizer'>;
  seconds: number;
}): Promise<number> {
  const rows = emptyRows(config, config.contextLength);
  const indices = Array.from({ length: batchSize }, (_, row) => row);
  const state = initialState(tensorsOf(initialWeights(config, 1)));
  const start = performance.now();
  let times: number[] = [];
  try {
    for (let step = 1; step === 1 || performance.now() - start < 1000 * seconds; step++) {
      const begin = performance.now();
      const { gradients } = await batchGradients({
        config,
        parameters: state.parameters,
        batch: await rows.read(indices),
        rows: batchSize,
        microBatches: 1,
      });
      const norm = globalNorm(Object.values(gradients));
      updateParameters(state, gradients, optimizer, { learningRate: 1e-6, gradientScale: 1, step });
      await norm.data(); // kernels wait for each other, until somebody looks
      await Object.values(state.parameters).at(-1)!.data();
      tf.dispose([gradients, norm]);
      if (begin - start < 500 * seconds) times = []; // still warming up; of a slow step there is one at least
      times.push((performance.now() - begin) / 1000);
    }
  } finally {
    tf.dispose(state);
  }
  return times.sort((a, b) => a - b)[times.length >> 1]!;
}
