/** @file Channels of a decoder that can be scaled where they are made, and scaled back in the matrices that read them: nobody else does. */
import type { DecoderConfig, LayerConfig } from '@arrowsmith/model';

/** A matrix, or one of a stack. */
export interface MatrixAt {
  name: string;
  /** In a stack, which one. */
  at?: number;
}

/** What makes channels: a vector with an element for each, or a matrix with a row for each. */
export interface Maker extends MatrixAt {
  /** Of a norm's weight w that stands for 1 + w. */
  unitOffset?: boolean;
}

export interface ChannelGroup {
  /** How many there are. */
  channels: number;
  makers: Maker[];
  readers: MatrixAt[];
  /** The channel that a column of the readers reads. */
  channelOf: (column: number) => number;
}

const same = (column: number): number => column;

/**
 * The groups of a decoder:
 *
 *     norm → queries, keys, values        in a parallel block, the feed-forward network, too
 *     norm → gate and up, router          of dense networks, experts, shared experts
 *     up → down                           the gate's activation is a factor of each channel
 *     values → output of attention        each head of values is read by the query heads that share it
 *     norm → output layer                 where it is not the table of embeddings
 *
 * Left out are channels that others read, too: a norm's by a LAuReL layer, values with a norm or of which later layers use those.
 */
export function channelGroups(config: DecoderConfig): ChannelGroup[] {
  const { hiddenSize: d, layers, norm, tieWordEmbeddings } = config;
  const unitOffset = norm.kind === 'rms' && norm.unitOffset;
  const ofNorm = (name: string, readers: MatrixAt[]): ChannelGroup => ({
    channels: d,
    makers: [{ name, unitOffset }],
    readers,
    channelOf: same,
  });
  const groups = layers.flatMap((layer, i) => layerGroups(config, layer, i, ofNorm));
  return tieWordEmbeddings ? groups : [...groups, ofNorm('model.norm.weight', [{ name: 'lm_head.weight' }])];
}

function layerGroups(
  { postNorms, parallelBlock, laurelRank, layers }: DecoderConfig,
  { attention, ffn }: LayerConfig,
  layer: number,
  ofNorm: (name: string, readers: MatrixAt[]) => ChannelGroup,
): ChannelGroup[] {
  const weight = (part: string, at?: number): MatrixAt => ({
    name: `model.layers.${layer}.${part}.weight`,
    ...(at === undefined ? {} : { at }),
  });
  const biasOf = (part: string, isThere: boolean): Maker[] =>
    isThere ? [{ name: `model.layers.${layer}.${part}.bias` }] : [];
  const ownKeys = attention.keysOfLayer === null;

  const attended = [weight('self_attn.q_proj')];
  if (ownKeys) attended.push(weight('self_attn.k_proj'), weight('self_attn.v_proj'));
  const network = ffn.kind === 'dense' ? ['mlp.gate_proj', 'mlp.up_proj'].map((part) => weight(part)) : [];
  if (ffn.kind === 'moe') {
    network.push(weight('mlp.gate'));
    for (let e = 0; e < ffn.experts; e++)
      network.push(weight('mlp.experts.gate_proj', e), weight('mlp.experts.up_proj', e));
    if (ffn.sharedIntermediateSize > 0)
      network.push(weight('mlp.shared_expert.gate_proj'), weight('mlp.shared_expert.up_proj'));
  }
  const norm = (part: string) => weight(part).name;
  const groups: ChannelGroup[] = [];
  if (laurelRank === 0) groups.push(ofNorm(norm('input_layernorm'), [...attended, ...(parallelBlock ? network : [])]));
  if (!parallelBlock)
    groups.push(ofNorm(norm(postNorms ? 'pre_feedforward_layernorm' : 'post_attention_layernorm'), network));

  const inner = (folder: string, channels: number, bias: boolean, at?: number): ChannelGroup => ({
    channels,
    makers: [weight(`${folder}.up_proj`, at), ...biasOf(`${folder}.up_proj`, bias)],
    readers: [weight(`${folder}.down_proj`, at)],
    channelOf: same,
  });
  if (ffn.kind === 'dense') groups.push(inner('mlp', ffn.intermediateSize, ffn.bias));
  else {
    for (let e = 0; e < ffn.experts; e++) groups.push(inner('mlp.experts', ffn.intermediateSize, false, e));
    if (ffn.sharedIntermediateSize > 0) groups.push(inner('mlp.shared_expert', ffn.sharedIntermediateSize, false));
  }

  const isShared = layers.some(({ attention: { keysOfLayer } }) => keysOfLayer === layer);
  if (ownKeys && !isShared && !attention.valueNorm) {
    const { heads, kvHeads, headDim, bias } = attention;
    groups.push({
      channels: kvHeads * headDim,
      makers: [weight('self_attn.v_proj'), ...biasOf('self_attn.v_proj', bias !== false)],
      readers: [weight('self_attn.o_proj')],
      channelOf: (column) => Math.floor(column / headDim / (heads / kvHeads)) * headDim + (column % headDim),
    });
  }
  return groups;
}
