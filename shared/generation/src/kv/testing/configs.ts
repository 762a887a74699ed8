/** @file Decoders whose layers see different things, for tests of the memory of keys and values. */
import {
  configOf,
  decoderConfig,
  families,
  chooseOptions,
  modelParameters,
  type AttentionConfig,
  type DecoderConfig,
  type Family,
} from '@arrowsmith/model';

/** A layer: what it sees, and how large its rows are. */
export type LayerShape = Partial<Pick<AttentionConfig, 'window' | 'chunk' | 'kvHeads' | 'headDim' | 'keysOfLayer'>>;

/** A decoder of these layers. */
export function configOfLayers(layers: readonly LayerShape[], contextLength: number): DecoderConfig {
  const sizes = { hiddenSize: 8, heads: 2, kvHeads: 1, layers: layers.length, intermediateSize: 8 };
  const config = decoderConfig(modelParameters.parse(sizes), { vocabularySize: 8, contextLength });
  return {
    ...config,
    layers: config.layers.map((layer, i) => ({ ...layer, attention: { ...layer.attention, ...layers[i] } })),
  };
}

/** A published model of a family. */
export function publishedConfig(family: keyof typeof families, name: string, contextLength: number): DecoderConfig {
  const { published } = families[family] satisfies Family as Family;
  const model = published[name];
  if (model === undefined) throw new Error(`${family} has no ${name}`);
  const { vocabularySize } = model;
  return configOf(family, chooseOptions(families[family], model.options), { vocabularySize, contextLength });
}
