/** @file Rows of tokens, the order in which training reads them, and their check against the vocabulary. */
import { randomOrder } from '@arrowsmith/artifacts';
import { UserError } from '@arrowsmith/errors';
import type { VisionConfig } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';

/** A split of a tokenized corpus: rows of one context each, readable in any order. */
export interface TokenRows {
  /** How many rows there are. */
  rows: number;
  /** Tokens of a row. */
  contextLength: number;
  /** The pictures that rows begin with; null or left out: none. */
  vision?: VisionConfig | null;
  /**
   * Reads rows.
   * @param indices n row numbers, each in [0, rows), in any order, repetitions allowed
   * @returns arrays [n × contextLength]: the ids that go in, and the id that follows each; −1 where none counts, e.g. at padding,
   *   whose input may be any id
   */
  read(indices: readonly number[]): Promise<Batch>;
}

/** Rows that go through the model together, flattened [n × contextLength]. */
export interface Batch {
  inputs: Int32Array;
  targets: Int32Array;
  /**
   * The document of each input, numbered within the split from 0, where the source knows it: losses are told by it, and attention may be confined
   * to it. −1: padding.
   */
  documents?: Int32Array;
  /** The rows' pictures, values from −1 to 1, flattened [n × patches × channels · patchSize²]; where the source has pictures. */
  patches?: Float32Array;
}

/**
 * The order in which training reads rows. Every epoch is a fresh permutation of all rows and batches run on across epochs,
 * so that each row is read equally often. The result is a pure function of its arguments and `step`: to resume a run, its
 * step is all that needs to be known.
 *
 * @returns the row numbers of a step's batch, for steps counted from 1
 */
export function batchOrder({
  rows,
  batchSize,
  seed,
}: {
  rows: number;
  batchSize: number;
  seed: number;
}): (step: number) => number[] {
  // Only the current epoch's permutation is kept: a step is followed by the next, in the same epoch or the one after.
  let current = { epoch: -1, order: new Uint32Array(0) };
  return (step) =>
    Array.from({ length: batchSize }, (_, i) => {
      const position = (step - 1) * batchSize + i;
      const epoch = Math.floor(position / rows);
      if (current.epoch !== epoch)
        current = { epoch, order: randomOrder(rows, `row order, seed ${seed}, epoch ${epoch}`) };
      return current.order[position % rows]!;
    });
}

/** `count` row numbers spread evenly over a split of `rows`, or all of them where there are no more. */
export function evenlySpread(rows: number, count: number): number[] {
  const length = Math.min(rows, count);
  return Array.from({ length }, (_, i) => Math.floor((i * rows) / length));
}

/**
 * Reads rows and checks that the model has an embedding for every id in them.
 *
 * @throws UserError naming the row, the position and the id, when an input is outside [0, vocabularySize) or a target
 *   outside [−1, vocabularySize)
 */
export async function readBatch(source: TokenRows, indices: readonly number[], vocabularySize: number): Promise<Batch> {
  const batch = await source.read(indices);
  checkIds(batch.inputs, 0, 'input');
  checkIds(batch.targets, -1, 'target');
  return batch;

  function checkIds(ids: Int32Array, lowest: number, kind: string): void {
    const at = ids.findIndex((id) => id < lowest || id >= vocabularySize);
    if (at === -1) return;
    const row = indices[Math.floor(at / source.contextLength)];
    throw new UserError({
      what: 'a token id outside the vocabulary',
      where: `row ${row}, ${kind} ${at % source.contextLength}`,
      expected: `ids below ${vocabularySize}, the vocabulary size`,
      found: `id ${ids[at]}`,
      fix: 'chunk the corpus with the tokenizer that the model is trained for',
    });
  }
}

/**
 * For each input, the position at which its document begins in its row: attention may be confined to what comes from there.
 *
 * @param contextLength tokens of a row
 * @throws UserError when the source of the batch knows no documents
 */
export function documentOffsetsOf({ inputs, documents }: Batch, contextLength: number): Int32Array {
  if (documents === undefined) {
    throw new UserError({
      what: 'attention cannot be confined to documents',
      expected: 'rows that remember where documents begin',
      fix: 'chunk the corpus again, or leave train.confineAttention out',
    });
  }
  const documentOffsets = new Int32Array(inputs.length);
  for (let i = 0; i < inputs.length; i++) {
    const position = i % contextLength;
    const begins = position === 0 || documents[i] !== documents[i - 1];
    documentOffsets[i] = begins ? position : documentOffsets[i - 1]!;
  }
  return documentOffsets;
}

/**
 * Checks that a model sees the pictures of a split, if there are any, and is given those that it was made for.
 * @throws UserError
 */
export function checkVision({ vision = null }: TokenRows, model: VisionConfig | null): void {
  const describe = (pictures: VisionConfig | null) =>
    pictures === null
      ? 'text without pictures'
      : `pictures of ${pictures.patches} patches, each ${pictures.patchSize} × ${pictures.patchSize} in ${pictures.channels} channels`;
  const [expected, found] = [describe(model), describe(vision)];
  if (expected === found) return;
  throw new UserError({
    what: 'the data are not what the model was made to see',
    expected,
    found,
    fix: 'use the corpus and the chunk.patchSize that the model was made for, or train a model on this data from scratch',
  });
}

/** The pictures of some rows as a tensor [n, patches, channels · patchSize²]; undefined where there are none. */
export function patchTensor(patches: Float32Array | undefined, vision: VisionConfig | null): tf.Tensor | undefined {
  if (patches === undefined || vision === null) return undefined;
  return tf.tensor3d(patches, patchShape(patches, vision));
}

/** [n, patches, channels · patchSize²] */
export function patchShape(patches: Float32Array, vision: VisionConfig): [number, number, number] {
  const values = vision.channels * vision.patchSize ** 2;
  return [patches.length / (vision.patches * values), vision.patches, values];
}

/** How many tokens of a batch are predicted, i.e. are not padding. */
export function countTargets(targets: Int32Array): number {
  let count = 0;
  for (const target of targets) if (target >= 0) count++;
  return count;
}
