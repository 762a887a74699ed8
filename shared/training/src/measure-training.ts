/** @file How long a training takes on this machine, by doing a little of it. */
import { initialWeights, tensorsOf, type DecoderConfig } from '@arrowsmith/model';
import { passRepeater, releaseMemory } from '@arrowsmith/backend';
import * as tf from '@tensorflow/tfjs-core';
import { garbageCollector } from './collect-garbage.ts';
import type { TokenRows } from './data.ts';
import { splitLoss } from './evaluate.ts';
import type { LogRow } from './log.ts';
import { trainStep } from './loop.ts';
import { emptyRows } from './memory.ts';
import { initialState, muonNames } from './optimizer.ts';
import type { TrainingParameters } from './parameters.ts';
import { completeParameters } from './schedule.ts';

/** Seconds. */
export interface TrainingTime {
  /** An optimizer step, with the collection of its garbage. */
  step: number;
  /** A validation. */
  validation: number;
}

/**
 * Trains on made-up tokens for some time, on the backend that is active. A step's time is the mean of the second half of the steps: code is compiled
 * in the first one, and the mean has its share of what comes once in some steps. Work beside counts, as it will when a model is trained.
 *
 * @param seconds how long to train, about; one step is done in any case
 */
export async function measureTraining({
  config,
  parameters: asked,
  seconds,
}: {
  config: DecoderConfig;
  parameters: TrainingParameters;
  seconds: number;
}): Promise<TrainingTime> {
  const parameters = completeParameters(fromTheBeginning(asked), config);
  const rows = madeUpRows(config);
  const indices = Array.from({ length: parameters.batchSize }, (_, row) => row);
  const initial = tensorsOf(initialWeights(config, parameters.seed));
  const state = initialState(initial, muonNames(parameters.optimizer, config));
  const collectGarbage = garbageCollector();
  const passes = passRepeater();
  const log: LogRow[] = [];
  const times: number[] = [];
  try {
    const start = performance.now();
    while (log.length === 0 || (log.length < parameters.steps && performance.now() - start < 1000 * seconds)) {
      const begin = performance.now();
      log.push(await trainStep({ config, parameters, train: rows }, state, log, indices, { passes }));
      await Object.values(state.parameters).at(-1)!.data(); // kernels wait for each other, until somebody looks
      collectGarbage();
      times.push((performance.now() - begin) / 1000);
    }
    const begin = performance.now();
    const batchSize = parameters.batchSize / parameters.gradientAccumulation;
    await splitLoss({ config, parameters: state.parameters, rows, indices: indices.slice(0, batchSize), batchSize });
    const row = (performance.now() - begin) / 1000 / batchSize;
    return { step: mean(times.slice(times.length >> 1)), validation: row * parameters.validation.rows };
  } finally {
    tf.dispose(state);
    releaseMemory();
  }
}

/** What is trained for little time would not get to the steps that multiply with quantized matrices, and take a little more. */
const fromTheBeginning = ({ quantization, ...parameters }: TrainingParameters): TrainingParameters =>
  quantization === undefined ? parameters : { ...parameters, quantization: { ...quantization, from: 0 } };

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Rows of one document each, of tokens of all kinds, as a mixture of experts has work for all of them then. */
function madeUpRows(config: DecoderConfig): TokenRows {
  const empty = emptyRows(config, config.contextLength);
  return {
    ...empty,
    async read(indices) {
      const batch = await empty.read(indices);
      const ids = batch.inputs.map((_, i) => Math.imul(i, 0x9e3779b1) >>> 8).map((id) => id % config.vocabularySize);
      return { ...batch, inputs: ids, targets: ids, documents: batch.inputs };
    },
  };
}
