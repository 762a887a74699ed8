/** @file A model's parameters as the tensors of a Hugging Face checkpoint: the inverse of `tensor-names.ts`. */
import { parameterShapes, type DecoderConfig, type Weights } from '@arrowsmith/model';
import type { ArchitectureName } from './config-table.ts';
import { expertName, expertsName, llama4Name } from './tensor-names.ts';

/** A tensor of a checkpoint. */
export interface CheckpointTensor {
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

/** The tensors of an architecture's checkpoint, one after another; of those that are not stored as parameters are, a copy. */
export function* checkpointTensors(
  architecture: ArchitectureName,
  config: DecoderConfig,
  weights: Weights,
): Generator<CheckpointTensor> {
  for (const { name, shape } of parameterShapes(config)) {
    const data = limited(config, name, dataOf(weights, name));
    if (architecture === 'Llama4ForCausalLM') {
      yield* llama4Tensors(llama4Name(name), shape, data, weights, name);
    } else yield* eachExpert(name, shape, data);
  }
}

/** Qwen's experts: a matrix each. */
function* eachExpert(name: string, shape: readonly number[], data: Float32Array): Generator<CheckpointTensor> {
  const experts = expertsName(name);
  const [count = 0, ...matrix] = shape;
  if (experts === undefined) return yield { name, shape, data };
  const size = data.length / count;
  for (let expert = 0; expert < count; expert++) {
    const values = data.subarray(expert * size, (expert + 1) * size);
    yield { name: expertName(experts.layer, expert, experts.part), shape: matrix, data: values };
  }
}

/** Llama 4's experts: [E, in, out], gate and up beside each other. */
function* llama4Tensors(
  name: string,
  shape: readonly number[],
  data: Float32Array,
  weights: Weights,
  own: string,
): Generator<CheckpointTensor> {
  const experts = expertsName(name);
  if (experts === undefined) return yield { name, shape, data };
  if (experts.part === 'up_proj') return; // it is beside its gate
  const [count = 0, out = 0, into = 0] = shape;
  const isGate = experts.part === 'gate_proj';
  const parts = isGate ? [data, dataOf(weights, own.replace('gate_proj', 'up_proj'))] : [data];
  const columns = parts.length * out;
  const values = new Float32Array(count * into * columns);
  for (const [p, part] of parts.entries()) {
    for (let expert = 0; expert < count; expert++) {
      for (let j = 0; j < out; j++) {
        for (let i = 0; i < into; i++) {
          values[(expert * into + i) * columns + p * out + j] = part[(expert * out + j) * into + i] ?? NaN;
        }
      }
    }
  }
  yield {
    name: `${experts.layer}.${isGate ? 'gate_up_proj' : 'down_proj'}`,
    shape: [count, into, columns],
    data: values,
  };
}

/** Coefficients of alternating updates within their limit: this project computes with the limit, others with what is stored. */
function limited({ altUp }: DecoderConfig, name: string, data: Float32Array): Float32Array {
  const limit = altUp?.coefficientClip ?? 0;
  if (limit === 0 || !/\.altup\.\w+_coefs\.weight$/.test(name)) return data;
  return data.map((value) => Math.min(Math.max(value, -limit), limit));
}

function dataOf(weights: Weights, name: string): Float32Array {
  const found = weights[name];
  if (found === undefined) throw new Error(`the weights lack ${name}`);
  return found.data;
}
