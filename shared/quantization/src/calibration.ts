/** @file Calibration: what the inputs of a model's matrices are like, on rows of text. */
import { borrowValues, readsAtOnce } from '@arrowsmith/backend';
import type { DecoderConfig, ParameterTensors } from '@arrowsmith/model';
import { embedding, watchLinearInputs } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';

/** What is known of the inputs x of a matrix [out, in], over all tokens. */
export interface InputStatistics {
  /** Tokens seen. */
  count: number;
  /** Σ x xᵀ, [in, in]: half the Hessian of the squared error of the matrix's products. Empty where only its diagonal was asked for. */
  products: Float64Array;
  /** Σ x² of each channel: the diagonal. */
  squares: Float64Array;
  /** Σ |x| of each channel. */
  magnitudes: Float64Array;
  /** max |x| of each channel. */
  maxima: Float64Array;
}

/** By the name of the parameter: one of a matrix, one for each matrix of a stack. Matrices that share an input share its statistics. */
export type Calibrated = ReadonlyMap<string, readonly InputStatistics[]>;

export interface Calibration {
  /**
   * Looks at a pass of the decoder. A graphics processor is waited for when the pass has been queued; till then its memory holds a few numbers for each
   * channel, their products where they are summed, and the inputs of experts.
   *
   * @param run computes with the calibration's parameters, and returns the hidden states after the final norm, [b, s, d]
   * @param counts for each of the b · s tokens whether it counts; experts see all of theirs
   */
  see(run: () => tf.Tensor, counts: readonly boolean[]): Promise<void>;
  /** What was seen so far. A matrix that no product was taken with has none: a table that is looked up in, for example. */
  inputs: Calibrated;
}

/**
 * Begins a calibration.
 *
 * @param parameters float32 tensors, with which the passes compute
 * @param options whether to sum the products of channels, too, which take in² numbers a matrix
 */
export function createCalibration(
  config: DecoderConfig,
  parameters: ParameterTensors,
  { products }: { products: boolean },
): Calibration {
  const names = new Map(Object.entries(parameters).map(([name, { id }]) => [id, name]));
  const inputs = new Map<string, readonly InputStatistics[]>();
  const output = config.tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
  return {
    inputs,
    async see(run, counts) {
      const counting = Int32Array.from(counts.flatMap((counted, token) => (counted ? [token] : [])));
      const seen = new Map<number, readonly InputStatistics[]>(); // by the input, of this pass
      const sums: Promise<void>[] = [];
      const see = (name: string, groups: number, width: number, x: tf.Tensor, offsets?: tf.Tensor): void => {
        const known = seen.get(x.id);
        const statistics = known ?? inputs.get(name) ?? Array.from({ length: groups }, () => nothing(width, products));
        inputs.set(name, statistics);
        seen.set(x.id, statistics);
        if (known !== undefined) return;
        tf.tidy(() => {
          const rows = tf.reshape(x, [-1, width]) as tf.Tensor2D;
          if (offsets !== undefined) sums.push(addGroups(statistics, rows, offsets));
          else if (counting.length === counts.length) sums.push(add(statistics[0]!, rows));
          else if (counting.length > 0) sums.push(add(statistics[0]!, rowsAt(rows, counting)));
        });
      };
      try {
        tf.tidy(() => {
          const hidden = watchLinearInputs((weight, x, offsets) => {
            const name = names.get(weight.id);
            const [groups, width] = [weight.rank === 3 ? weight.shape[0]! : 1, weight.shape.at(-1)!];
            if (name !== undefined) see(name, groups, width, x, offsets);
          }, run);
          see(output, 1, config.hiddenSize, hidden);
        });
      } finally {
        await Promise.allSettled(sums); // where the pass fails, too: a lost device fails all of them, and nobody else waits for them
      }
      await Promise.all(sums);
    },
  };
}

const nothing = (width: number, products: boolean): InputStatistics => ({
  count: 0,
  products: new Float64Array(products ? width * width : 0),
  squares: new Float64Array(width),
  magnitudes: new Float64Array(width),
  maxima: new Float64Array(width),
});

/** Counts rows [n, in]: products are computed by the backend in float32 a batch at a time, and summed over batches in float64. */
async function add(of: InputStatistics, rows: tf.Tensor2D): Promise<void> {
  of.count += rows.shape[0];
  const magnitudes = tf.abs(rows);
  const addTo = (sums: Float64Array) => (values: Float32Array) => {
    for (let i = 0; i < values.length; i++) sums[i]! += values[i]!;
  };
  const enlarge = (values: Float32Array) => {
    for (const [j, value] of values.entries()) of.maxima[j] = Math.max(of.maxima[j]!, value);
  };
  await Promise.all([
    whenRead(tf.sum(tf.square(rows), 0), addTo(of.squares)),
    whenRead(tf.sum(magnitudes, 0), addTo(of.magnitudes)),
    whenRead(tf.max(magnitudes, 0), enlarge),
    ...(of.products.length > 0 ? [whenRead(tf.matMul(rows, rows, true, false), addTo(of.products))] : []),
  ]);
}

/** Counts rows [n, in] of groups, each for its own statistics. Where offsets have to be waited for, the rows are kept until they are there. */
async function addGroups(groups: readonly InputStatistics[], rows: tf.Tensor2D, offsets: tf.Tensor): Promise<void> {
  const kept = readsAtOnce() ? undefined : [rows, offsets].map((each) => tf.keep(tf.clone(each)));
  try {
    const bounds = kept === undefined ? offsets.dataSync<'int32'>() : await kept[1]!.data<'int32'>();
    const all = (kept?.[0] ?? rows) as tf.Tensor2D;
    const sums: Promise<void>[] = [];
    tf.tidy(() => {
      for (const [group, of] of groups.entries()) {
        const [from, to] = [bounds[group]!, bounds[group + 1]!];
        if (to > from) sums.push(add(of, tf.slice(all, [from, 0], [to - from, all.shape[1]])));
      }
    });
    await Promise.all(sums);
  } finally {
    tf.dispose(kept ?? []);
  }
}

/** Rows [m, in] of [n, in]. */
function rowsAt(rows: tf.Tensor2D, indices: Int32Array): tf.Tensor2D {
  const looked = embedding(rows, tf.tensor2d(indices, [1, indices.length], 'int32'));
  return tf.reshape(looked, [indices.length, rows.shape[1]]);
}

/** Hands over a tensor's values: at once where the backend has them in reach, else as soon as it has computed them, for which the tensor is kept. */
async function whenRead(tensor: tf.Tensor, use: (values: Float32Array) => void): Promise<void> {
  if (readsAtOnce()) return use(borrowValues(tensor));
  tf.keep(tensor);
  try {
    use(await tensor.data<'float32'>());
  } finally {
    tensor.dispose();
  }
}
