/** @file Logits that are no numbers: in which layer that begins. */
import { readsAtOnce } from '@arrowsmith/backend';
import { UserError } from '@arrowsmith/errors';
import { forward, perLayerRowsOf } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import type { EngineModel, NextTokenScores } from './model-passes.ts';

/** @throws UserError naming the first layer whose output is not finite, where logits have a NaN, or are infinite */
export function checkLogits(
  { logits, likeliest }: NextTokenScores,
  model: EngineModel,
  tokens: readonly number[],
): void {
  if (likeliest !== -1) return;
  throw new UserError({
    what: 'the model’s logits are no numbers',
    where: placeOf(model, tokens),
    expected: 'finite logits',
    found: String(logits.find((each) => !Number.isFinite(each))),
    fix: 'use other weights: train with a lower learning rate or a longer warm-up, or import the model anew',
  });
}

/** Runs the tokens once more, and looks at what each layer makes. */
function placeOf({ config, parameters, perLayerRows }: EngineModel, tokens: readonly number[]): string {
  let first: string | undefined;
  const isFinite = (x: tf.Tensor): boolean => x.dataSync().every(Number.isFinite);
  if (!readsAtOnce()) return 'the forward pass';
  tf.tidy(() => {
    const shape: [number, number] = [1, tokens.length];
    const ids = Int32Array.from(tokens);
    forward(config, parameters, tf.tensor2d(ids, shape, 'int32'), {
      perLayerRows: perLayerRowsOf(config, ids, shape, perLayerRows),
      onLayer: (layer, stream) => {
        if (first === undefined && !stream.every(isFinite)) first = `layer ${layer}`;
      },
    });
  });
  return first ?? 'the output layer';
}
