/** @file The decoder's forward pass. */
import { type BlockMask, embedding, positionsFrom, recompute, scale } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '@arrowsmith/errors';
import { expandStream, mergeStream } from './alt-up.ts';
import { block, type BlockInputs, type BlockOutputs } from './block.ts';
import type { DecoderConfig } from './config.ts';
import type { KeysAndValues, KvPass } from './kv-cache.ts';
import type { Routing } from './mixture-of-experts.ts';
import { bindModules, type BlockModule, type DecoderModules, type Parameters } from './modules.ts';
import { normalize } from './normalization.ts';
import { nth } from './nth.ts';
import { perLayerInputs } from './per-layer-embedding.ts';
import { positionTables } from './positions.ts';
import { withPatches } from './vision.ts';

/** How the decoder runs. */
export interface ForwardOptions {
  /**
   * Continues sequences whose keys and values it holds, and appends the new ones. The batch is one row then, b = 1: the new tokens of all sequences.
   */
  cache?: KvPass | undefined;
  /**
   * For a gradient, keeps each block's input only, and computes the block's activations once more in the backward pass: less
   * memory for about a third more computation. Does not change the result.
   */
  recompute?: boolean | undefined;
  /** First position of each position's document, int32 [b, s], to which attention is confined; by default it sees the whole row. */
  documentOffsets?: tf.Tensor | undefined;
  /**
   * Which positions see which, in all layers and in place of their windows and chunks; with documents, positions are counted from where each begins. Where
   * a cache continues sequences, a token that sees what is behind it has to come in one pass with that, as a prefix does.
   */
  mask?: BlockMask | undefined;
  /** Of a nested model (MatFormer), which one: 0 the whole, 1 the half, 2 the quarter … of its feed-forward networks. */
  granularity?: number | undefined;
  /**
   * Pictures that take the place of the first tokens, float32 [b, p, channels · patchSize²]; the ids there are placeholders. Where a cache continues
   * sequences, they have been seen.
   */
  patches?: tf.Tensor | undefined;
  /** Is called with what each layer makes, [b, s, d], of which AltUp has several; before anything is made of that. */
  onLayer?: ((layer: number, stream: readonly tf.Tensor[]) => void) | undefined;
  /** Rows of the table of per-layer embeddings, [b, s, layers · p], where it is not among the parameters. */
  perLayerRows?: tf.Tensor | undefined;
}

/**
 * Runs the decoder over a batch of sequences.
 *
 * @param ids token ids, int32 [b, s], each below the vocabulary's size: to be checked before they become a tensor, which nobody looks into
 * @returns hidden states after the final norm, [b, s, d]
 * @throws UserError when the sequences get longer than the context, and for a mask where attention is by dual chunks
 */
export function forward(
  config: DecoderConfig,
  parameters: Parameters,
  ids: tf.Tensor,
  options: ForwardOptions = {},
): tf.Tensor {
  return tf.tidy(() => runDecoder(bindModules(config, parameters), ids, options).hidden);
}

/** The forward pass, and what the routers of layers with experts did. The caller tidies. */
export function runDecoder(
  modules: DecoderModules,
  ids: tf.Tensor,
  {
    cache,
    recompute: recomputes = false,
    documentOffsets,
    mask,
    granularity = 0,
    perLayerRows,
    patches,
    onLayer,
  }: ForwardOptions,
): { hidden: tf.Tensor; routing: Routing[] } {
  const { config, layers } = modules;
  const positions = cache?.positions ?? positionsFrom(0, ids.shape[1] ?? 0); // s, or of all sequences together
  checkPositions(config, positions);
  const tables = cache?.tables ?? positionTables(positions);
  const routing: Routing[] = [];
  const sharedKeys = new Map<number, KeysAndValues>(); // of layers that others use those of

  const { vectors, ...begun } = beginStream(modules, ids, { perLayerRows, patches });
  let { stream } = begun;
  for (const [layer, module] of layers.entries()) {
    const { keysOfLayer } = module.attention.config;
    const shared = keysOfLayer === null ? undefined : sharedKeys.get(keysOfLayer);
    const isShared = layers.some(({ attention }) => attention.config.keysOfLayer === layer);
    const constants = { ...tables(module.attention.config), documentOffsets };
    const compute = (own: { module: BlockModule; inputs: BlockInputs }, others: typeof constants): BlockOutputs =>
      block(own.module, own.inputs, { ...others, layer, isShared, cache, mask, granularity });
    const variables = { module, inputs: { stream, perLayerInput: vectors[layer], shared } };
    const outputs = tf.tidy(() =>
      recomputes ? recompute(compute, variables, constants) : compute(variables, constants),
    );
    tf.dispose(stream); // what the gradient needs of it is kept
    stream = outputs.stream;
    onLayer?.(layer, stream);
    if (outputs.own !== undefined) sharedKeys.set(layer, outputs.own);
    if (outputs.routing !== undefined) routing.push(outputs.routing);
  }
  cache?.commit();
  return { hidden: endStream(modules, stream), routing };
}

/** What the first layer reads: the residual stream, of which AltUp has several, [b, s, d], and each layer's own vectors [b, s, p]. */
export function beginStream(
  { config, embedding: table, vision, perLayer, altUpProjections }: DecoderModules,
  ids: tf.Tensor,
  { perLayerRows, patches }: Pick<ForwardOptions, 'perLayerRows' | 'patches'>,
): { stream: tf.Tensor[]; vectors: tf.Tensor[] } {
  const embedded = embedding(table, ids); // [b, s, d]
  const text = config.embeddingScale === 1 ? embedded : scale(embedded, config.embeddingScale);
  const x = patches === undefined ? text : withPatches(vision, text, patches);
  const vectors = perLayer === undefined ? [] : perLayerInputs(perLayer, x, ids, perLayerRows);
  return { stream: config.altUp === null ? [x] : expandStream(x, altUpProjections), vectors };
}

/** What becomes of the last layer's stream. @returns hidden states [b, s, d] */
export function endStream({ config, altUpUnembedProjections, norm }: DecoderModules, stream: tf.Tensor[]): tf.Tensor {
  const last = config.altUp === null ? nth(stream, 0) : mergeStream(stream, altUpUnembedProjections); // [b, s, d]
  return normalize(last, norm);
}

/** @throws UserError where a position is beyond the context */
export function checkPositions({ contextLength }: DecoderConfig, positions: readonly number[]): void {
  const length = positions.reduce((most, position) => Math.max(most, position + 1), 0);
  if (length <= contextLength) return;
  throw new UserError({
    what: 'a sequence is longer than the model’s context',
    expected: `at most ${contextLength} tokens`,
    found: `${length}`,
    fix: 'shorten the text, or train a model with a larger context length',
  });
}
