/** @file The script of a page that trains: the very code of the stage `train`, on the backend webgpu of the browser. */
import { startWebGpuBackend } from '@arrowsmith/backend-webgpu';
import { decoderConfig, initialWeights, modelParameters, tensorsOf } from '@arrowsmith/model';
import { registerGradients } from '@arrowsmith/ops';
import {
  type CompleteParameters,
  initialState,
  type LogRow,
  muonNames,
  type TokenRows,
  trainStep,
} from '@arrowsmith/training';
import * as tf from '@tensorflow/tfjs-core';

/** What is trained, as JSON. */
export interface PageTraining {
  model: Record<string, unknown>;
  data: { vocabularySize: number; contextLength: number };
  parameters: CompleteParameters;
  /** Inputs and targets of a row each. */
  rows: { inputs: number[]; targets: number[] }[];
  /** Which rows each step learns from. */
  steps: number[][];
}

/** Trains on a backend that is active. */
export async function trainSteps({ model, data, parameters, rows, steps }: PageTraining): Promise<LogRow[]> {
  const config = decoderConfig(modelParameters.parse(model), data);
  const train: TokenRows = {
    rows: rows.length,
    contextLength: data.contextLength,
    read: async (indices) => ({
      inputs: Int32Array.from(indices.flatMap((row) => rows[row]!.inputs)),
      targets: Int32Array.from(indices.flatMap((row) => rows[row]!.targets)),
    }),
  };
  const initial = tensorsOf(initialWeights(config, parameters.seed));
  const state = initialState(initial, muonNames(parameters.optimizer, config));
  const log: LogRow[] = [];
  for (const indices of steps) log.push(await trainStep({ config, parameters, train }, state, log, indices));
  tf.dispose(state);
  return log;
}

/** {@link trainSteps} on the browser's graphics processor. */
export async function trainInPage(training: PageTraining): Promise<{ adapter: string; log: LogRow[] }> {
  tf.enableProdMode();
  registerGradients();
  const { adapter } = await startWebGpuBackend();
  await tf.setBackend('webgpu');
  return { adapter: adapter.name, log: await trainSteps(training) };
}
