/** @file Lets a model read rows of the training split, to know the inputs of its matrices. */
import { setImmediate } from 'node:timers/promises';
import { type Model } from '@arrowsmith/quantization/model';
import { type Calibrated, createCalibration } from '@arrowsmith/quantization';
import { tensorsOf } from '@arrowsmith/model';
import type { StageContext } from '@arrowsmith/pipeline/stage';
import { checkVision, evenlySpread, hiddenStates, readBatch, type TokenRows } from '@arrowsmith/training';
import * as tf from '@tensorflow/tfjs-core';
import type { QuantizeParameters } from './declaration.ts';

/** Rows that go through the model together. */
const BATCH_ROWS = 8;

export async function calibrate(
  { parameters: { calibrationRows }, progress, step, signal }: StageContext<QuantizeParameters>,
  { config, weights }: Pick<Model, 'config' | 'weights'>,
  rows: TokenRows,
  products: boolean,
): Promise<Calibrated> {
  checkVision(rows, config.vision);
  const indices = evenlySpread(rows.rows, calibrationRows);
  const bar = progress(`${step} reads`, { total: indices.length, unit: 'rows' });
  const parameters = tensorsOf(weights);
  try {
    const calibration = createCalibration(config, parameters, { products });
    for (let start = 0; start < indices.length; start += BATCH_ROWS) {
      await setImmediate();
      signal.throwIfAborted();
      const batch = await readBatch(rows, indices.slice(start, start + BATCH_ROWS), config.vocabularySize);
      const { inputs, documents } = batch;
      const counts = Array.from(inputs, (_, i) => documents === undefined || documents[i]! >= 0);
      await calibration.see(
        () => hiddenStates({ config, parameters, batch, contextLength: rows.contextLength }),
        counts,
      );
      bar.update(Math.min(indices.length, start + BATCH_ROWS));
    }
    return calibration.inputs;
  } finally {
    bar.end();
    tf.dispose(parameters);
  }
}
