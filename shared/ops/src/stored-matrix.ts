/**
 * @file Matrices that are used as they are stored: in float32, or in fewer bits, which kernels expand as they multiply, so that no dequantised copy is
 * in memory. For inference; they have no gradients (frozen-matrix.ts has).
 *
 * Their law is batch invariance: a row's result has the same bits whatever other rows are computed with it, so that a text's tokens depend neither on
 * how many are written at once, nor on whether a token is part of a prompt or was generated.
 *
 * Where it is asked for, inputs are quantized to int8 as they come, row by row in blocks like the matrix's own, and multiplied with the integers of a
 * matrix, as ggml does with its formats: faster, and other numbers. The backend's kernels say which, to the bit (native/integer-products.h).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { FrozenMatrix } from './frozen-matrix.ts';
import { numbered, runBackendKernel } from './op.ts';
import type { NamedTensors } from './tape.ts';

/** What matrices are multiplied with: activations as they are, or quantized to int8. */
export type ActivationPrecision = 'f32' | 'int8';

/** A matrix, or a stack of them, in a storage format; on a backend whose kernels know it. */
export interface StoredMatrix {
  /** Name of the format, as the artifacts of models have it. */
  format: string;
  /** [out, in], or [experts, out, in]. */
  shape: readonly number[];
  /** The stored bytes, opaque, as int32 [⌈bytes / 4⌉]. */
  words: tf.Tensor;
  /** Default f32. Where the backend does not {@link multipliesIntegers | multiply integers} of the format, int8 changes nothing, nor for lookups and training. */
  activations?: ActivationPrecision;
}

/** What linear layers multiply with, and embeddings are looked up in: a float32 tensor, a stored matrix, or in training one of either that does not learn. */
export type Weight = tf.Tensor | StoredMatrix | FrozenMatrix;

export const isStored = (weight: Weight): weight is StoredMatrix => 'words' in weight;

/** The matrices as stored ones where all are; undefined where one is a tensor. */
export function allStored(weights: readonly Weight[]): StoredMatrix[] | undefined {
  const stored = weights.filter(isStored);
  return stored.length === weights.length ? stored : undefined;
}

/** What a backend offers that multiplies stored matrices. */
interface BackendWithFormats {
  /** The formats that its kernels know. */
  storedFormats: readonly string[];
  /** Those of which they multiply the integers. */
  integerFormats: readonly string[];
  /** An int32 tensor of bytes, which are copied. */
  words(bytes: Uint8Array): tf.TensorInfo;
}

const backendWithFormats = () => tf.backend() as Partial<BackendWithFormats>;

/** Whether the active backend has kernels for matrices in this format. */
export function multipliesStored(format: string): boolean {
  return (backendWithFormats().storedFormats ?? []).includes(format);
}

/** Whether the active backend has kernels that multiply the integers of matrices in this format with activations of int8. */
export function multipliesIntegers(format: string): boolean {
  return (backendWithFormats().integerFormats ?? []).includes(format);
}

/**
 * Moves a stored matrix to the active backend, which {@link multipliesStored | knows its format}.
 *
 * @param bytes as the format says; they are copied
 */
export function storedMatrix(format: string, shape: readonly number[], bytes: Uint8Array): StoredMatrix {
  const words = backendWithFormats().words?.(bytes);
  if (words === undefined) throw new Error(`backend "${tf.getBackend()}" multiplies no stored matrices`);
  return { format, shape, words: tf.engine().makeTensorFromTensorInfo(words) };
}

const formats = (matrices: readonly StoredMatrix[]): string[] => matrices.map(({ format }) => format);

/** What kernels are told of matrices that share an input. */
export const storedAttributes = (matrices: readonly StoredMatrix[]) => ({
  formats: formats(matrices),
  outs: matrices.map((matrix) => size(matrix, OUT)),
  in: matrices[0] === undefined ? 0 : size(matrices[0], IN),
});

/** What kernels are told of how matrices that share an input are multiplied. @throws Error where they differ in it */
function inputAttributes(matrices: readonly StoredMatrix[]): { activations: ActivationPrecision } {
  const [activations = 'f32', ...others] = new Set(matrices.map((matrix) => matrix.activations ?? 'f32'));
  if (others.length > 0)
    throw new Error('matrices that share an input are all multiplied with activations of f32, or of int8');
  return { activations };
}

const words = (matrices: readonly StoredMatrix[]): Record<string, tf.Tensor> =>
  numbered(
    'words',
    matrices.map((matrix) => matrix.words),
  );

const [OUT, IN] = [-2, -1];

/** Size of an axis, counted from the last. */
const size = ({ shape }: StoredMatrix, axis: number): number => shape.at(axis) ?? 1;

/**
 * {@link linears} of stored matrices.
 *
 * Kernel `StoredLinear`.
 */
export function storedLinears(
  x: tf.Tensor,
  matrices: readonly StoredMatrix[],
  { headDim = 0, residual }: { headDim?: number; residual?: tf.Tensor | undefined },
): tf.Tensor[] {
  const inputs: NamedTensors = { x, ...words(matrices), ...(residual === undefined ? {} : { residual }) };
  const attributes = { ...storedAttributes(matrices), ...inputAttributes(matrices), headDim };
  return runBackendKernel('StoredLinear', inputs, attributes);
}

/**
 * `gatedFeedForward` of stored matrices.
 *
 * Kernel `StoredGatedFeedForward`.
 */
export function storedGatedFeedForward(
  x: tf.Tensor,
  { gate, up, down }: Readonly<Record<'gate' | 'up' | 'down', StoredMatrix>>,
  { activation, residual }: { activation: 'silu' | 'gelu-tanh'; residual?: tf.Tensor | undefined },
): tf.Tensor {
  const inputs: NamedTensors = {
    x,
    gate: gate.words,
    up: up.words,
    down: down.words,
    ...(residual === undefined ? {} : { residual }),
  };
  const matrices = [gate, up, down];
  const sizes = { d: size(gate, IN), inner: size(gate, OUT) };
  const attributes = { formats: formats(matrices), ...inputAttributes(matrices), ...sizes, activation };
  return only(runBackendKernel('StoredGatedFeedForward', inputs, attributes));
}

/**
 * Rows of a stored table, times a factor.
 *
 * Kernel `StoredEmbedding`.
 *
 * @param ids int32 [...], each below the table's rows
 * @returns [..., columns]
 */
export function storedEmbedding(table: StoredMatrix, ids: tf.Tensor, scale = 1): tf.Tensor {
  const attributes = { format: table.format, rows: size(table, OUT), columns: size(table, IN), scale };
  return only(runBackendKernel('StoredEmbedding', { ids, words: table.words }, attributes));
}

/**
 * `groupedLinears` of stored stacks of matrices.
 *
 * Kernel `StoredGroupedLinear`.
 */
export function storedGroupedLinears(x: tf.Tensor, stacks: readonly StoredMatrix[], offsets: tf.Tensor): tf.Tensor[] {
  const groups = stacks[0]?.shape[0] ?? 0;
  const attributes = { ...storedAttributes(stacks), ...inputAttributes(stacks), groups };
  return runBackendKernel('StoredGroupedLinear', { x, offsets, ...words(stacks) }, attributes);
}

/** What kernels are told of an output layer's matrix [V, d]. */
export const storedOutput = (matrix: StoredMatrix, options: { scale: number; softCap: number }) => ({
  format: matrix.format,
  rows: size(matrix, OUT),
  ...options,
});

/** The one output of a kernel. */
function only([output]: tf.Tensor[]): tf.Tensor {
  if (output === undefined) throw new Error('the kernel has no output');
  return output;
}
