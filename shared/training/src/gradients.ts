/** @file The gradients of a batch's loss, one micro-batch at a time. */
import * as tf from '@tensorflow/tfjs-core';
import {
  expertLoads,
  lossTerms,
  type DecoderConfig,
  type LossOptions,
  type Parameters,
  type ParameterTensors,
} from '@arrowsmith/model';
import { queued, type PassInput, type PassRepeater, withoutRepeating } from '@arrowsmith/backend';
import { countTargets, documentOffsetsOf, patchShape, patchTensor, type Batch } from './data.ts';
import { nextTurn } from './next-turn.ts';

/** A batch's loss and gradients. */
export interface BatchGradients {
  /** Mean negative log likelihood over the batch's targets, in nats; NaN for a batch of padding. */
  loss: number;
  /** How many targets the batch has. */
  tokens: number;
  /** The share of tokens that each expert computed, for each layer with experts. */
  loads: number[][];
  /** By parameter name; the caller disposes of them. */
  gradients: ParameterTensors;
}

/**
 * Gradients of the mean loss over all targets of a batch. Splitting it into micro-batches changes memory, not the result
 * (up to float rounding): each counts by its share of the batch's targets, since padding may be spread unevenly, and the loads of experts
 * are those of the whole batch, for which the routers of a split batch are run beforehand.
 *
 * @param parameters what learns
 * @param bind all parameters of the model, given those that learn; by default these are all
 * @param rows rows of the batch, which `microBatches` divides
 * @param recomputeActivations trades computation for memory; see `ForwardOptions` of the model
 * @param granularities of a nested model: the mean loss of which; by default that of the whole model
 * @param lossScale factor of the gradients, and not of the loss that is returned
 * @param passes runs the passes; those of steps that are alike may be repeated, as long as `bind`, `config` and `recomputeActivations` are the same
 * @param onEncoded called before anything is waited for: a device computes what is asked for here along with the gradients
 * @param signal checked before each micro-batch; throws its reason, leaving no tensors behind
 */
export async function batchGradients({
  config,
  parameters,
  bind = (tensors) => tensors,
  batch,
  rows,
  microBatches,
  recomputeActivations,
  granularities = [0],
  lossScale = 1,
  passes = withoutRepeating(),
  onEncoded,
  signal,
}: {
  config: DecoderConfig;
  parameters: ParameterTensors;
  bind?: ((tensors: ParameterTensors) => Parameters) | undefined;
  batch: Batch;
  rows: number;
  microBatches: number;
  recomputeActivations?: boolean | undefined;
  granularities?: readonly number[] | undefined;
  lossScale?: number | undefined;
  passes?: PassRepeater | undefined;
  onEncoded?: ((gradients: readonly tf.Tensor[]) => void) | undefined;
  signal?: AbortSignal | undefined;
}): Promise<BatchGradients> {
  const names = Object.keys(parameters);
  const tokens = countTargets(batch.targets);
  const shape: [number, number] = [rows / microBatches, batch.inputs.length / rows]; // [b, s]
  const parts = microBatchesOf(batch, shape, config.confineAttention);
  const hasRouters = config.layers.some(({ ffn }) => ffn.kind === 'moe');
  const whole = microBatches > 1 ? await wholeBatchLoads(config, bind(parameters), parts, shape, signal) : undefined;
  let sum: tf.Tensor[] = [];
  let batchLoss = 0;
  let loads: number[][] = [];
  /** Cross-entropy and loads of the micro-batch that is computed. */
  let unread: { terms: tf.Tensor[]; share: number } = { terms: [], share: 0 };
  const readTerms = async (): Promise<void> => {
    const { terms, share } = unread;
    const [crossEntropy, ...partLoads] = terms;
    if (crossEntropy === undefined) return;
    batchLoss += ((await crossEntropy.data())[0]! * share) / granularities.length;
    loads = await Promise.all((whole ?? partLoads).map(async (load) => Array.from(await load.data())));
    tf.dispose(terms);
    unread = { terms: [], share: 0 };
  };
  try {
    for (const part of parts) {
      const share = countTargets(part.targets) / tokens;
      const begin = share === 0 ? 1 : share; // without targets there is no cross-entropy, but routing
      for (const granularity of granularities) {
        await nextTurn();
        signal?.throwIfAborted();
        const { inputs, targets, documentOffsets, patches } = inputsOfPart(part, config, shape);
        const weight: PassInput = { values: Float32Array.of((begin / granularities.length) * lossScale), shape: [] };
        const others = [documentOffsets, patches].filter((each) => each !== undefined);
        // The backward pass begins at the part's share of the targets, but routers count all positions alike.
        const routerLossWeight = hasRouters ? 1 / microBatches / begin : 0;
        const learnt = Object.values(parameters);
        const before = sum;
        const results = queued(() =>
          passes.run(
            `gradients ${granularity}, ${before.length}, ${routerLossWeight}, ${documentOffsets === undefined}`,
            {
              inputs: [inputs, targets, weight, ...others],
              given: [...learnt, ...before, ...(whole ?? [])],
              compute: ([ids, targetIds, begins, ...rest]) => {
                const options: LossOptions = {
                  recompute: recomputeActivations,
                  documentOffsets: documentOffsets && rest[0],
                  patches: patches && rest.at(-1),
                  granularity,
                  loads: whole,
                  routerLossWeight,
                };
                const kept: tf.Tensor[] = [];
                const totalOf = (...tensors: tf.Tensor[]): tf.Scalar => {
                  const named = Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));
                  const terms = lossTerms(config, bind(named), ids!, targetIds!, options);
                  kept.push(...[terms.crossEntropy, ...terms.loads].map((tensor) => tf.keep(tf.clone(tensor))));
                  return terms.total as tf.Scalar;
                };
                const { grads } = tf.valueAndGrads(totalOf)(learnt, begins as tf.Scalar);
                return [
                  ...grads.map((gradient, i) => (before[i] === undefined ? gradient : addInto(before[i], gradient))),
                  ...kept,
                ];
              },
            },
          ),
        );
        sum = results.slice(0, names.length);
        await readTerms(); // of the micro-batch before: a device computes this one meanwhile
        unread = { terms: results.slice(names.length), share };
      }
    }
    onEncoded?.(sum);
    await readTerms();
  } catch (error) {
    tf.dispose(sum);
    throw error;
  } finally {
    tf.dispose([unread.terms, whole ?? []]);
  }
  const gradients = Object.fromEntries(names.map((name, i) => [name, sum[i]!]));
  return { loss: batchLoss, tokens, loads, gradients };
}

/** Rows that go through the model together: [b · s] each, and the pictures of b rows. */
interface MicroBatch {
  inputs: Int32Array;
  targets: Int32Array;
  documentOffsets: Int32Array | undefined;
  patches: Float32Array | undefined;
}

function microBatchesOf(batch: Batch, [b, s]: [number, number], confineAttention: boolean): MicroBatch[] {
  const documentOffsets = confineAttention ? documentOffsetsOf(batch, s) : undefined;
  const count = batch.inputs.length / (b * s);
  return Array.from({ length: count }, (_, i) => {
    const part = <T extends Int32Array | Float32Array>(values: T): T => {
      const size = values.length / count;
      return values.subarray(i * size, (i + 1) * size) as T;
    };
    return {
      inputs: part(batch.inputs),
      targets: part(batch.targets),
      documentOffsets: documentOffsets && part(documentOffsets),
      patches: batch.patches && part(batch.patches),
    };
  });
}

function inputsOfPart(
  { inputs, targets, documentOffsets, patches }: MicroBatch,
  { vision }: DecoderConfig,
  shape: [number, number],
) {
  const ofPositions = (values: Int32Array): PassInput => ({ values: values as PassInput['values'], shape });
  return {
    inputs: ofPositions(inputs),
    targets: ofPositions(targets),
    documentOffsets: documentOffsets && ofPositions(documentOffsets),
    patches:
      patches === undefined || vision === null
        ? undefined
        : { values: patches as PassInput['values'], shape: patchShape(patches, vision) },
  };
}

/** The loads of experts in all micro-batches together; undefined for a model without experts, or whose experts nothing balances. */
async function wholeBatchLoads(
  config: DecoderConfig,
  parameters: Parameters,
  parts: readonly MicroBatch[],
  shape: [number, number],
  signal: AbortSignal | undefined,
): Promise<tf.Tensor[] | undefined> {
  if (config.routerLoss.loadBalancing === 0 || !config.layers.some(({ ffn }) => ffn.kind === 'moe')) return undefined;
  let sums: tf.Tensor[] = [];
  try {
    for (const part of parts) {
      await nextTurn();
      signal?.throwIfAborted();
      sums = queuedTidy(() => {
        const { documentOffsets } = part;
        const loads = expertLoads(config, parameters, tf.tensor2d(part.inputs, shape, 'int32'), {
          documentOffsets: documentOffsets && tf.tensor2d(documentOffsets, shape, 'int32'),
          patches: patchTensor(part.patches, config.vision),
        }).map((load) => tf.div(load, parts.length));
        return loads.map((load, i) => tf.keep(sums[i] === undefined ? load : addInto(sums[i], load)));
      });
    }
    return sums;
  } catch (error) {
    tf.dispose(sums);
    throw error;
  }
}

/** `tf.tidy`, in which kernels wait for each other where they can. */
const queuedTidy = <T extends tf.TensorContainer>(f: () => T): T => queued(() => tf.tidy(f));

/** The sum of two tensors, which it disposes of: at no time do all of the old and the new sums exist. */
function addInto(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const sum = tf.add(a, b);
  tf.dispose([a, b]);
  return sum;
}
