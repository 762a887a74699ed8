/** @file A model in training, whose steps can be timed: the very code that the stage `train` runs, on made-up tokens. */
import { initialWeights, tensorsOf } from '@arrowsmith/model';
import { passRepeater } from '@arrowsmith/backend';
import { globalNorm } from '@arrowsmith/ops';
import { batchGradients, initialState, trainingParameters, updateParameters, type Batch } from '@arrowsmith/training';
import * as tf from '@tensorflow/tfjs-core';
import { tokensPerStep, type BenchModel } from './models.ts';

/** How long a series of steps takes. */
export interface SeriesLength {
  /** Exactly so many steps; otherwise as many as fit into `seconds`, but at least `leastSteps`. */
  steps?: number | undefined;
  seconds: number;
  leastSteps: number;
}

export interface TrainSession {
  /** Runs steps and returns how long each took, in seconds. */
  series(length: SeriesLength): Promise<number[]>;
  dispose(): void;
}

/** Initializes a model and its optimizer on the active backend. */
export function trainSession(model: BenchModel): TrainSession {
  const { config, batchSize } = model;
  const { optimizer } = trainingParameters.parse({ steps: 1 });
  const state = initialState(tensorsOf(initialWeights(config, 1)));
  const batch = madeUpBatch(model);
  const passes = passRepeater();
  let step = 0;

  async function trainStep(): Promise<void> {
    step++;
    let norms: tf.Tensor[] = [];
    const { gradients } = await batchGradients({
      config,
      parameters: state.parameters,
      batch,
      rows: batchSize,
      microBatches: 1,
      passes,
      onEncoded: (learnt) => {
        norms = passes.run('norm', {
          inputs: [],
          given: learnt,
          compute: () => [globalNorm(learnt)],
        });
      },
    });
    const [norm] = norms as [tf.Tensor];
    const gradientScale = Math.min(1, optimizer.gradientClip / (await norm.data())[0]!);
    updateParameters(state, gradients, optimizer, {
      learningRate: 1e-3,
      step,
      gradientScale,
      passes,
    });
    tf.dispose([gradients, norm]);
  }

  return {
    async series({ steps, seconds, leastSteps }) {
      const times: number[] = [];
      const begin = performance.now();
      const isDone = () =>
        steps === undefined
          ? times.length >= leastSteps && performance.now() - begin >= 1000 * seconds
          : times.length >= steps;
      while (!isDone()) {
        const start = performance.now();
        await trainStep();
        times.push((performance.now() - start) / 1000);
      }
      return times;
    },
    dispose: () => tf.dispose(state),
  };
}

/** Ids without a pattern that a model of these sizes could learn in some steps. */
function madeUpBatch(model: BenchModel): Batch {
  const ids = Int32Array.from(
    { length: tokensPerStep(model) + 1 },
    (_, i) => (i * 7919 + i * i * 31) % model.config.vocabularySize,
  );
  return { inputs: ids.slice(0, -1), targets: ids.slice(1) };
}
