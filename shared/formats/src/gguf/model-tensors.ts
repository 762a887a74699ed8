/** @file A model's parameters as the tensors of a GGUF file: their names, their order of rows, their formats. */
import { UserError } from '@arrowsmith/errors';
import { parameterShapes, scaledFrequencies, type DecoderConfig } from '@arrowsmith/model';
import { decodeStored, numberFormats, storeAs, storeFloat32 } from '@arrowsmith/quantization';
import type { GgufArchitecture } from './architectures.ts';
import { ropeOf } from './computed.ts';
import { GGML_TYPES } from './ggml-types.ts';
import { type FormattedTensor, neighbouringRows, resizedRows, stacked } from './row-operations.ts';
import { ggufName } from './tensor-names.ts';
import type { GgufTensor } from './write-gguf.ts';

/** Norms, and matrices too small or too sensitive to be rounded: llama.cpp wants these in float32. */
const ALWAYS_FLOAT32 =
  /ffn_gate_inp\.|altup_(correct|predict)_coef\.|altup_router\.|altup_correct_scale\.|norm\.weight$/;

export interface TensorOptions {
  config: DecoderConfig;
  architecture: GgufArchitecture;
  /** Reads a parameter as it is stored. */
  read(name: string): FormattedTensor;
  /** The format of matrices; undefined: as they are stored. */
  format: string | undefined;
  /** Rows of the embeddings: as many as the file has tokens. */
  tokens: number;
}

/**
 * All tensors of a file, in the order in which it stores them. Where matrices keep the format that they are stored in, bytes are moved, and none is
 * computed anew.
 *
 * @throws UserError for weights in a format that GGUF has not, or that the asked format has no numbers for
 */
export function* ggufTensors(options: TensorOptions): Generator<GgufTensor> {
  const { config, read } = options;
  const copies = new Map<string, FormattedTensor[]>();
  for (const { name } of parameterShapes(config)) {
    const several = /^model\.(altup_projections|altup_unembed_projections)\.\d+\.weight$/.exec(name)?.[1];
    if (several === undefined) {
      const theirs = ggufName(name, config);
      yield { name: theirs, ...prepared(name, theirs, read(name), options) };
      continue;
    }
    const found = [...(copies.get(several) ?? []), formatted(several, name, read(name), options)];
    copies.set(several, found);
    if (found.length === (config.altUp?.inputs ?? 1) - 1) yield { name: PROJECTIONS[several] ?? '', ...stacked(found) };
  }
  yield* missing(options);
  yield* ropeFactors(config);
}

/** Matrices of several copies that a file has behind each other. */
export const PROJECTIONS: Readonly<Record<string, string>> = {
  altup_projections: 'altup_proj.weight',
  altup_unembed_projections: 'altup_unembd_proj.weight',
};

/** A tensor as the file has it. */
function prepared(name: string, theirs: string, tensor: FormattedTensor, options: TensorOptions): FormattedTensor {
  const { config, architecture, tokens } = options;
  const isFloat = tensor.shape.length === 1 || ALWAYS_FLOAT32.test(theirs);
  const own = isFloat ? float32(shifted(name, tensor, config), tensor.shape) : formatted(theirs, name, tensor, options);
  if (theirs === 'token_embd.weight' || theirs === 'output.weight' || theirs === 'per_layer_token_embd.weight') {
    return resizedRows(own, tokens);
  }
  const part = /\.self_attn\.([qk])_proj\.(?:weight|bias)$/.exec(name)?.[1];
  const attention = config.layers[Number(/^model\.layers\.(\d+)\./.exec(name)?.[1] ?? -1)]?.attention;
  if (part === undefined || attention === undefined || !architecture.turnsNeighbours) return own;
  // Neighbours already, all of them. Layers without positions are reordered as the others are: llama.cpp's converter does not ask either.
  if (ropeOf(config).rope?.interleaved !== false) return own;
  return neighbouringRows(own, part === 'q' ? attention.heads : attention.kvHeads);
}

const float32 = (data: Float32Array, shape: readonly number[]): FormattedTensor =>
  storeFloat32({ shape: [...shape], data });

/** Norms that are stored as their difference from 1 are whole numbers there; coefficients are within their limit. */
function shifted(name: string, tensor: FormattedTensor, { norm, altUp }: DecoderConfig): Float32Array {
  const values = decodeStored(tensor);
  const limit = altUp?.coefficientClip ?? 0;
  if (limit > 0 && /\.altup\.\w+_coefs\.weight$/.test(name)) {
    return values.map((value) => Math.min(Math.max(value, -limit), limit));
  }
  const isOffset = norm.unitOffset && norm.kind === 'rms' && name.endsWith('norm.weight');
  return isOffset ? values.map((value) => value + 1) : values;
}

/** A matrix in the asked format, or the one for its rows; as it is where it is stored so. */
function formatted(theirs: string, name: string, tensor: FormattedTensor, options: TensorOptions): FormattedTensor {
  const { format = tensor.format } = options;
  if (!GGML_TYPES.has(format)) throw notInGguf(theirs, format);
  if (format === tensor.format) return tensor;
  const stored = storeAs(format, { shape: [...tensor.shape], data: decodeStored(tensor) }, name);
  if (!GGML_TYPES.has(stored.format)) throw notInGguf(theirs, stored.format);
  return stored;
}

function notInGguf(where: string, format: string): UserError {
  const known = [...GGML_TYPES.keys()];
  return new UserError({
    what: `GGUF has no format ${format}`,
    where,
    expected: `precision: one of ${known.join(', ')}`,
    found: numberFormats.has(format) ? `weights that are stored as ${format}` : format,
    fix: 'say `precision: Q8_0`, the nearest of eight bits, or `precision: f32`, which has the same values exactly',
  });
}

/** What llama.cpp reads and a model has not: keys of layers that use others', which it does not compute, and scales that are ones. */
function* missing({ config, architecture }: TensorOptions): Generator<GgufTensor> {
  if (architecture.name !== 'gemma3n') return;
  const { hiddenSize: d, altUp, layers } = config;
  for (const [layer, { attention }] of layers.entries()) {
    const filled = (part: string, shape: number[], value: number) => ({
      name: `blk.${layer}.${part}.weight`,
      ...float32(new Float32Array(shape.reduce((product, n) => product * n, 1)).fill(value), shape),
    });
    if (attention.keysOfLayer !== null) {
      yield filled('attn_k', [attention.kvHeads * attention.headDim, d], 0);
      yield filled('attn_v', [attention.kvHeads * attention.headDim, d], 0);
      yield filled('attn_k_norm', [attention.headDim], 1);
    }
    if (altUp?.correctScale === false) yield filled('altup_correct_scale', [d], 1);
  }
}

/** Llama 3's scaling: by how much each pair of a head turns slower. */
function* ropeFactors({ layers }: DecoderConfig): Generator<GgufTensor> {
  const attention = layers.map((layer) => layer.attention).find(({ rope }) => rope?.scaling?.kind === 'llama3');
  if (attention === undefined || attention.rope === null) return;
  const { headDim, rope } = attention;
  const scaled = scaledFrequencies(rope, headDim).frequencies;
  const { scaling: _scaling, ...unscaled } = rope;
  const plain = scaledFrequencies(unscaled, headDim).frequencies;
  const factors = Float32Array.from(scaled, (frequency, pair) => (plain[pair] ?? NaN) / frequency);
  yield { name: 'rope_freqs.weight', ...float32(factors, [factors.length]) };
}
