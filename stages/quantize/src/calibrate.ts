/** @file Lets a model read rows of the training split, to know the inputs of its matrices. */
import { setImmediate } from 'node:timers/promises';
import { UserError } from '@arrowsmith/errors';
import { calibrates, type Method } from '@arrowsmith/quantization/methods';
import { type Model } from '@arrowsmith/quantization/model';
import { type Calibrated, createCalibration } from '@arrowsmith/quantization';
import { tensorsOf } from '@arrowsmith/model';
import type { StageContext } from '@arrowsmith/pipeline/stage';
import { checkVision, evenlySpread, hiddenStates, readBatch, type TokenRows } from '@arrowsmith/training';
import * as tf from '@tensorflow/tfjs-core';
import type { QuantizeParameters } from './declaration.ts';

/** @throws UserError where methods look at what matrices are multiplied with, on a backend whose results have to be waited for */
export function checkReads(step: string, used: Iterable<Method>, backend: string | undefined): void {
  const looking = [...used].filter(calibrates);
  if (backend !== 'webgpu' || looking.length === 0) return;
  throw new UserError({
    what: `${looking.join(', ')} cannot look at the inputs of matrices on the backend webgpu, whose results have to be waited for`,
    where: `${step}.backend`,
    expected: 'native, or another backend but webgpu; nearest looks at nothing',
    found: backend,
    fix: `--${step}.backend=auto`,
  });
}

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
      calibration.see(() => hiddenStates({ config, parameters, batch, contextLength: rows.contextLength }), counts);
      bar.update(Math.min(indices.length, start + BATCH_ROWS));
    }
    return calibration.inputs;
  } finally {
    bar.end();
    tf.dispose(parameters);
  }
}
