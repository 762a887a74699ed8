/** @file Where a parameter lies in a Hugging Face checkpoint, and how it is made of what lies there. */
import type { DecoderConfig, ParameterShape } from '@arrowsmith/model';
import type { TensorSource } from '../read-safetensors.ts';

/** Reads a tensor's values by its name in the checkpoint, below the text model's prefix. */
type Read = (name: string) => Promise<Float32Array>;

/** How a parameter is made. */
export interface ParameterSource {
  /** The tensors that it is made of. */
  names: string[];
  /** The shape of each of them; the parameter's own where it is one tensor of that. */
  shape?: readonly number[];
  read(read: Read): Promise<Float32Array>;
}

/** What Llama 4's checkpoints call a parameter. */
export const llama4Name = (name: string): string =>
  name.replace('.mlp.gate.', '.feed_forward.router.').replace('.mlp.', '.feed_forward.');

/** The experts of a layer, and which of their matrices a name means; undefined for another parameter. */
export function expertsName(name: string): { layer: string; part: string } | undefined {
  const [, layer, part] = /^(.*\.experts)\.(gate_proj|up_proj|down_proj)\.weight$/.exec(name) ?? [];
  return layer === undefined || part === undefined ? undefined : { layer, part };
}

/** What Qwen's checkpoints call a matrix of one expert. */
export const expertName = (layer: string, expert: number, part: string): string => `${layer}.${expert}.${part}.weight`;

const plain = (name: string): ParameterSource => ({ names: [name], read: (read) => read(name) });

/**
 * Where a parameter comes from.
 *
 * @param has whether the checkpoint has a tensor of that name
 */
export function sourceOf(
  config: DecoderConfig,
  { name, shape }: ParameterShape,
  has: (name: string) => boolean,
): ParameterSource {
  if (config.family === 'llama4') return llama4Source(name, shape);
  const fusedPart = has(name) ? undefined : fusedRows(config, name, has);
  if (fusedPart !== undefined) return fusedPart;
  const { layer, part } = expertsName(name) ?? {};
  if (layer === undefined) return plain(name);
  const fused = `${layer}.gate_up_proj`;
  if (has(fused)) return fusedQwenSource(layer, part!, shape);
  const names = Array.from({ length: shape[0]! }, (_, expert) => expertName(layer, expert, part!));
  return { names, shape: shape.slice(1), read: async (read) => join(await Promise.all(names.map(read))) };
}

/** Phi-3's matrices below each other: queries, keys and values [(n_h + 2 n_kv) h_d, d], and gate and up [2f, d]. */
function fusedRows(config: DecoderConfig, name: string, has: (name: string) => boolean): ParameterSource | undefined {
  const [, layer, block, part] = /^model\.layers\.(\d+)\.(self_attn|mlp)\.(\w+)_proj\.weight$/.exec(name) ?? [];
  if (layer === undefined) return undefined;
  const { attention, ffn } = config.layers[Number(layer)]!;
  const parts = block === 'mlp' ? ['gate', 'up'] : ['q', 'k', 'v'];
  const fused = `model.layers.${layer}.${block}.${block === 'mlp' ? 'gate_up' : 'qkv'}_proj.weight`;
  const index = parts.indexOf(part!);
  if (index === -1 || !has(fused)) return undefined;
  const { heads, kvHeads, headDim } = attention;
  const rows =
    block === 'mlp' ? [ffn.intermediateSize, ffn.intermediateSize] : [heads, kvHeads, kvHeads].map((n) => n * headDim);
  const sizes = rows.map((n) => n * config.hiddenSize);
  const start = sizes.slice(0, index).reduce((sum, n) => sum + n, 0);
  return {
    names: [fused],
    shape: [rows.reduce((sum, n) => sum + n, 0), config.hiddenSize],
    async read(read) {
      return (await read(fused)).slice(start, start + sizes[index]!);
    },
  };
}

/** Experts in one tensor: gate and up below each other [E, 2f, d], and down [E, d, f]. */
function fusedQwenSource(layer: string, part: string, [experts, rows, columns]: number[]): ParameterSource {
  if (part === 'down_proj') return plain(`${layer}.down_proj`);
  const name = `${layer}.gate_up_proj`;
  const size = rows! * columns!;
  const offset = part === 'up_proj' ? size : 0;
  return {
    names: [name],
    shape: [experts!, 2 * rows!, columns!],
    async read(read) {
      const values = await read(name);
      const parts = Array.from({ length: experts! }, (_, expert) => {
        const start = 2 * size * expert + offset;
        return values.subarray(start, start + size);
      });
      return join(parts);
    },
  };
}

/** Llama 4 calls the network `feed_forward`, and stores experts as [E, in, out], gate and up beside each other. */
function llama4Source(name: string, shape: number[]): ParameterSource {
  const theirs = llama4Name(name);
  const { layer, part } = expertsName(theirs) ?? {};
  if (layer === undefined) return plain(theirs);
  const [experts, out, into] = shape as [number, number, number];
  const source = part === 'down_proj' ? `${layer}.down_proj` : `${layer}.gate_up_proj`;
  const columns = part === 'down_proj' ? out : 2 * out;
  const first = part === 'up_proj' ? out : 0;
  return {
    names: [source],
    shape: [experts, into, columns],
    async read(read) {
      const values = await read(source); // [E, in, columns]
      const transposed = new Float32Array(experts * out * into);
      for (let expert = 0; expert < experts; expert++) {
        for (let i = 0; i < into; i++) {
          for (let j = 0; j < out; j++) {
            transposed[(expert * out + j) * into + i] = values[(expert * into + i) * columns + first + j]!;
          }
        }
      }
      return transposed;
    },
  };
}

function join(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** What a checkpoint holds besides a text model's parameters: other modalities, buffers, and what a model has but does not use. */
const UNUSED = [
  /^(model\.)?(vision_tower|vision_model|audio_tower|multi_modal_projector|embed_vision|embed_audio)\./,
  /\.rotary_emb\.inv_freq$/,
];

/** Whether a tensor of a checkpoint may be left alone. */
export function isUnused(config: DecoderConfig, name: string): boolean {
  if (UNUSED.some((pattern) => pattern.test(name))) return true;
  if (config.tieWordEmbeddings && name === 'lm_head.weight') return true; // `checkOutputLayer` compares it
  const layer = /^model\.layers\.(\d+)\.self_attn\.[kv]_(proj|norm)\.weight$/.exec(name)?.[1];
  return layer !== undefined && config.layers[Number(layer)]?.attention.keysOfLayer != null;
}

/** The prefix of the text model's tensors: none, or that of a model of several modalities. */
export function textPrefix({ tensors }: Pick<TensorSource, 'tensors'>): (name: string) => string {
  const has = (name: string) => tensors.has(name);
  if (has('language_model.model.embed_tokens.weight')) return (name) => `language_model.${name}`;
  if (has('model.language_model.embed_tokens.weight')) {
    return (name) => name.replace(/^model\./, 'model.language_model.');
  }
  return (name) => name;
}
