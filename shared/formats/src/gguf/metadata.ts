/** @file Metadata that architectures of GGUF have in common, under keys that begin with the architecture's name. */
import type { AttentionConfig, DecoderConfig } from '@arrowsmith/model';
import { attentionFactor } from '../hugging-face/write-rope-fields.ts';
import type { GgufMetadata, GgufValue } from './write-gguf.ts';

const float = (value: number): GgufValue => ({ type: 'float32', value });
const uint = (value: number): GgufValue => ({ type: 'uint32', value });
const text = (value: string): GgufValue => ({ type: 'string', value });

/** Sizes, and the norms' epsilon. */
export function baseMetadata(name: string, config: DecoderConfig): GgufMetadata {
  const [first] = config.layers;
  if (first === undefined) throw new RangeError('a model without layers');
  const { heads, kvHeads, headDim } = first.attention;
  const ffn = config.layers.map((layer) => layer.ffn).find(({ kind }) => kind === 'dense') ?? first.ffn;
  const epsilon = config.norm.kind === 'layer' ? 'layer_norm_epsilon' : 'layer_norm_rms_epsilon';
  return {
    [`${name}.block_count`]: uint(config.layers.length),
    [`${name}.context_length`]: uint(config.contextLength),
    [`${name}.embedding_length`]: uint(config.hiddenSize),
    [`${name}.feed_forward_length`]: uint(ffn.intermediateSize),
    [`${name}.attention.head_count`]: uint(heads),
    [`${name}.attention.head_count_kv`]: uint(kvHeads),
    [`${name}.attention.key_length`]: uint(headDim),
    [`${name}.attention.value_length`]: uint(headDim),
    [`${name}.attention.${epsilon}`]: float(config.norm.epsilon),
  };
}

/** How positions turn. Llama 3's scaling is a tensor, and not here. */
export function ropeMetadata(name: string, { layers }: DecoderConfig): GgufMetadata {
  const turning = layers.map(({ attention }) => attention).filter(({ rope }) => rope !== null);
  const global = turning.find(({ window }) => window === 0) ?? turning[0];
  const local = turning.find(({ window }) => window > 0);
  const [first] = layers;
  if (first === undefined) throw new RangeError('a model without layers');
  const scaling = global?.rope?.scaling;
  return {
    [`${name}.rope.dimension_count`]: uint(first.attention.headDim),
    [`${name}.rope.freq_base`]: float(global?.rope?.theta ?? 10000),
    ...(local?.rope ? { [`${name}.rope.freq_base_swa`]: float(local.rope.theta) } : {}),
    ...(scaling === undefined || scaling.kind === 'llama3'
      ? { [`${name}.rope.scaling.type`]: text('none') }
      : { [`${name}.rope.scaling.type`]: text(scaling.kind), [`${name}.rope.scaling.factor`]: float(scaling.factor) }),
    ...(scaling?.kind === 'yarn'
      ? {
          [`${name}.rope.scaling.original_context_length`]: uint(scaling.originalContextLength),
          // A factor of the amplitude 0.1 ln(factor) + 1, which llama.cpp has by itself.
          [`${name}.rope.scaling.attn_factor`]: float(attentionFactor(scaling) / (0.1 * Math.log(scaling.factor) + 1)),
        }
      : {}),
  };
}

/** Experts, where there are some. */
export function expertMetadata(name: string, { layers }: DecoderConfig): GgufMetadata {
  const experts = layers.map(({ ffn }) => ffn).find((ffn) => ffn.kind === 'moe');
  if (experts === undefined) return {};
  return {
    [`${name}.expert_count`]: uint(experts.experts),
    [`${name}.expert_used_count`]: uint(experts.topK),
    [`${name}.expert_feed_forward_length`]: uint(experts.intermediateSize),
  };
}

/**
 * Which layers see all, and how much the others do.
 *
 * @param isLocal whether a layer sees its window or chunk only
 * @param options.listed whether the pattern is always a list, a flag for each layer; otherwise a number, after how many layers one sees all,
 *   where that says it, as llama.cpp of before 2026 knows only that
 */
export function windowMetadata(
  name: string,
  { layers }: DecoderConfig,
  isLocal: (attention: AttentionConfig) => boolean,
  window: number,
  { listed = false }: { listed?: boolean } = {},
): GgufMetadata {
  const pattern = layers.map(({ attention }) => isLocal(attention));
  if (!pattern.includes(true) && name === 'gemma3') return {}; // as it says that none slides
  const period = pattern.indexOf(false) + 1 || pattern.length + 1;
  const isPeriodic = pattern.every((local, layer) => local === ((layer + 1) % period !== 0));
  return {
    [`${name}.attention.sliding_window`]: uint(window),
    [`${name}.attention.sliding_window_pattern`]:
      isPeriodic && !listed ? uint(period) : { type: 'array', of: 'bool', value: pattern },
  };
}
