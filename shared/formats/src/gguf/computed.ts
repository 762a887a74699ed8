/** @file Parts of the models that llama.cpp computes: what its architectures have in common, made of a configuration as near as files can say it. */
import type { AttentionConfig, DecoderConfig, DenseConfig, LayerConfig, MoeConfig } from '@arrowsmith/model';
import { PLAIN_ATTENTION, PLAIN_DECODER } from '../plain-decoder.ts';

export const layerCount = ({ layers }: DecoderConfig): number => layers.length;

/** @throws RangeError for a layer that the model has not */
function layerAt({ layers }: DecoderConfig, layer: number): LayerConfig {
  const found = layers[layer];
  if (found === undefined) throw new RangeError(`layer ${layer} of ${layers.length}`);
  return found;
}

export const attentionAt = (config: DecoderConfig, layer: number): AttentionConfig => layerAt(config, layer).attention;

/** The attention of the first layer that has positions, whose rotation a file has for all. */
export const ropeOf = (config: DecoderConfig): AttentionConfig =>
  config.layers.find(({ attention }) => attention.rope !== null)?.attention ?? attentionAt(config, 0);

export const headDimOf = (config: DecoderConfig): number => config.hiddenSize / attentionAt(config, 0).heads;

export const headScale = (config: DecoderConfig): number => 1 / Math.sqrt(attentionAt(config, 0).headDim);

/** A window as wide as the context where no layer slides. */
export const windowOf = ({ layers, contextLength }: DecoderConfig): number =>
  layers.map(({ attention }) => attention.window).find((window) => window > 0) ?? contextLength;

/** Biases of queries, keys and values are read where there are some, those of the output are not. */
export const qkvOnly = (config: DecoderConfig): false | 'qkv' =>
  attentionAt(config, 0).bias === false ? false : 'qkv';

export const dense = (config: DecoderConfig, activation: DenseConfig['activation']): DenseConfig => ({
  kind: 'dense',
  intermediateSize: config.layers.find(({ ffn }) => ffn.kind === 'dense')?.ffn.intermediateSize ?? 1,
  activation,
  bias: false,
  sparsity: 0,
});

export function expertsOf({ layers }: DecoderConfig): MoeConfig {
  const found = layers.map(({ ffn }) => ffn).find((ffn) => ffn.kind === 'moe');
  return (
    found ?? {
      kind: 'moe',
      activation: 'silu',
      experts: 1, // llama.cpp refuses files with none
      topK: 1,
      intermediateSize: 1,
      router: 'softmax',
      normalizeTopK: true,
      sharedIntermediateSize: 0,
    }
  );
}

/** Experts in every layer, whose probabilities are divided by their sum, whatever a file says. */
export const softmaxExperts = (config: DecoderConfig): MoeConfig => ({
  ...expertsOf(config),
  activation: 'silu',
  router: 'softmax',
  normalizeTopK: true,
  sharedIntermediateSize: 0,
});

/** Dense with biases or without; or experts in every layer. */
export function anyFfn(config: DecoderConfig, activation: DenseConfig['activation']): DenseConfig | MoeConfig {
  const { ffn } = layerAt(config, 0);
  return ffn.kind === 'moe' ? softmaxExperts(config) : { ...dense(config, activation), bias: ffn.bias };
}

interface Choices {
  attention?: Partial<AttentionConfig> | ((layer: number) => Partial<AttentionConfig>);
  ffn: LayerConfig['ffn'] | ((layer: number) => LayerConfig['ffn']);
  /** Whether `rope_freqs` is read, by which wavelengths are stretched each by its own factor. */
  factors?: boolean;
}

/** A model of layers that are all as the first is, with norms before sub-layers only, and nothing beside. */
export function plain(config: DecoderConfig, { attention = {}, ffn, factors = true }: Choices): DecoderConfig {
  const { heads, kvHeads, headDim, bias } = attentionAt(config, 0);
  const { rope } = ropeOf(config);
  const turns = rope === null ? { theta: 10000, interleaved: false } : rope;
  const common: AttentionConfig = {
    ...PLAIN_ATTENTION,
    heads,
    kvHeads,
    headDim,
    bias,
    scale: headScale(config),
    rope: readScaling(turns, factors),
  };
  return {
    ...config,
    ...PLAIN_DECODER,
    norm: { ...config.norm, kind: 'rms' },
    layers: config.layers.map((_, layer) => ({
      attention: { ...common, ...(typeof attention === 'function' ? attention(layer) : attention) },
      ffn: typeof ffn === 'function' ? ffn(layer) : ffn,
    })),
  };
}

type Rope = NonNullable<AttentionConfig['rope']>;

/** The scaling that llama.cpp reads: Llama 3's as factors of a tensor; YaRN with the turns that it is published with. */
function readScaling(rope: Rope, factors: boolean): Rope {
  const { scaling, ...unscaled } = rope;
  if (scaling === undefined || (scaling.kind === 'llama3' && !factors)) return unscaled;
  return scaling.kind === 'yarn' ? { ...rope, scaling: { ...scaling, betaFast: 32, betaSlow: 1 } } : rope;
}

/** Gemma's blocks. */
export const gemma = (
  config: DecoderConfig,
  attention: (layer: number) => Partial<AttentionConfig>,
  ffn: (layer: number) => Partial<DenseConfig> = () => ({}),
): DecoderConfig => ({
  ...plain(config, {
    attention: (layer) => ({ bias: false, ...attention(layer) }),
    ffn: (layer) => ({ ...dense(config, 'gelu-tanh'), ...ffn(layer) }),
    factors: false,
  }),
  embeddingScale: Math.sqrt(config.hiddenSize),
  postNorms: true,
});

/** Sliding layers have a base of their own, and no scaling; the others may have a linear one. */
export function localAndGlobal(config: DecoderConfig, layer: number): Partial<AttentionConfig> {
  const { layers } = config;
  const isLocal = attentionAt(config, layer).window > 0;
  const alike = layers.find(({ attention }) => attention.window > 0 === isLocal)?.attention.rope;
  const rope = alike ?? { theta: 10000, interleaved: false };
  const { scaling, ...unscaled } = rope;
  return {
    window: isLocal ? windowOf(config) : 0,
    rope: !isLocal && scaling?.kind === 'linear' ? rope : unscaled,
  };
}
