/** @file The loss of a model over a split. */
import * as tf from '@tensorflow/tfjs-core';
import {
  forward,
  perLayerRowsOf,
  targetLosses,
  type DecoderConfig,
  type Parameters,
  type PerLayerRows,
} from '@arrowsmith/model';
import {
  type Batch,
  checkVision,
  countTargets,
  documentOffsetsOf,
  patchTensor,
  readBatch,
  type TokenRows,
} from './data.ts';
import { nextTurn } from './next-turn.ts';

/** A sum over a split: nats / tokens is the mean loss, exp of it the perplexity, nats / ln 2 / bytes the bits per byte. */
export interface SplitLoss {
  /** Sum of the tokens' negative log likelihoods. */
  nats: number;
  /** Tokens predicted; padding is not. */
  tokens: number;
}

/** What a row's predictions cost, at each of its positions. */
export interface RowLosses {
  /** Ids that are predicted; −1 where none counts. */
  targets: Int32Array;
  /** Negative log likelihoods in nats; 0 where none counts. */
  losses: Float32Array;
  /** The document of each input, where the source knows it. */
  documents?: Int32Array;
}

/**
 * Sums the negative log likelihood of every token of a split, whose documents see each other where those of training did.
 *
 * @param indices the rows to measure; all by default
 * @param batchSize rows that go through the model together
 * @param perLayerRows reads the table of per-layer embeddings where it is not among the parameters
 * @param granularity of a nested model: 0 the whole, 1 the half …
 * @param onRow called with each row, in the order of `indices`
 * @param onProgress called after each batch with the rows done
 * @param signal checked before each batch; throws its reason
 * @throws UserError for an id outside the vocabulary, and for pictures that the model does not see
 */
export async function splitLoss({
  config,
  parameters,
  rows,
  indices = Array.from({ length: rows.rows }, (_, row) => row),
  batchSize,
  granularity,
  perLayerRows,
  onRow,
  onProgress,
  signal,
}: {
  config: DecoderConfig;
  parameters: Parameters;
  rows: TokenRows;
  indices?: readonly number[];
  batchSize: number;
  granularity?: number | undefined;
  perLayerRows?: PerLayerRows | undefined;
  onRow?: ((row: RowLosses) => void) | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}): Promise<SplitLoss> {
  checkVision(rows, config.vision);
  let nats = 0;
  let tokens = 0;
  for (let start = 0; start < indices.length; start += batchSize) {
    await nextTurn();
    signal?.throwIfAborted();
    const batch = indices.slice(start, start + batchSize);
    const rowsRead = await readBatch(rows, batch, config.vocabularySize);
    const { targets, documents } = rowsRead;
    const losses = tf.tidy(() => {
      const hidden = hiddenStates({
        config,
        parameters,
        batch: rowsRead,
        contextLength: rows.contextLength,
        granularity,
        perLayerRows,
      }); // [b, s, d]
      return targetLosses(config, parameters, hidden, tf.tensor1d(targets, 'int32')); // [b · s]
    });
    const values = (await losses.data()) as Float32Array; // [b · s]
    losses.dispose();
    for (const value of values) nats += value;
    tokens += countTargets(targets);
    if (onRow !== undefined) rowLosses(rows.contextLength, targets, values, documents).forEach(onRow);
    onProgress?.(start + batch.length, indices.length);
  }
  return { nats, tokens };
}

/**
 * The decoder over rows, whose documents see each other where those of training did.
 *
 * @param batch as {@link readBatch} reads it
 * @returns hidden states after the final norm, [b, s, d]
 */
export function hiddenStates({
  config,
  parameters,
  batch,
  contextLength,
  granularity,
  perLayerRows,
}: {
  config: DecoderConfig;
  parameters: Parameters;
  batch: Batch;
  contextLength: number;
  granularity?: number | undefined;
  perLayerRows?: PerLayerRows | undefined;
}): tf.Tensor {
  return tf.tidy(() => {
    const { inputs, patches } = batch;
    const shape: [number, number] = [inputs.length / contextLength, contextLength];
    const documentOffsets = config.confineAttention
      ? tf.tensor2d(documentOffsetsOf(batch, contextLength), shape, 'int32')
      : undefined;
    return forward(config, parameters, tf.tensor2d(inputs, shape, 'int32'), {
      documentOffsets,
      granularity,
      perLayerRows: perLayerRowsOf(config, inputs, shape, perLayerRows),
      patches: patchTensor(patches, config.vision),
    });
  });
}

/** Cuts what belongs to a batch [b · s] into rows. */
function rowLosses(
  contextLength: number,
  targets: Int32Array,
  losses: Float32Array,
  documents: Int32Array | undefined,
): RowLosses[] {
  return Array.from({ length: targets.length / contextLength }, (_, row) => {
    const range = [row * contextLength, (row + 1) * contextLength] as const;
    return {
      targets: targets.subarray(...range),
      losses: losses.subarray(...range),
      ...(documents === undefined ? {} : { documents: documents.subarray(...range) }),
    };
  });
}
