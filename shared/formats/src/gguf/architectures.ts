/**
 * @file What llama.cpp computes, by architecture: of each the configuration that it takes a file for, so that what a model does otherwise is found by
 * comparison, and the metadata that say the rest. Read from llama.cpp's sources (src/models/*.cpp, src/llama-model.cpp) of 2026-11.
 */
import type { DecoderConfig, MoeConfig } from '@arrowsmith/model';
import {
  anyFfn,
  attentionAt,
  dense,
  expertsOf,
  gemma,
  headDimOf,
  headScale,
  layerCount,
  localAndGlobal,
  plain,
  qkvOnly,
  ropeOf,
  softmaxExperts,
  windowOf,
} from './computed.ts';
import { baseMetadata, expertMetadata, ropeMetadata, windowMetadata } from './metadata.ts';
import type { GgufMetadata, GgufValue } from './write-gguf.ts';

export interface GgufArchitecture {
  /** As metadata call it: keys begin with it. */
  name: string;
  /** The family of this project that it is for. */
  family: string;
  /** Whether neighbours of a head turn together, so that rows of q and k are brought to that order; otherwise halves do. */
  turnsNeighbours: boolean;
  /** The model that llama.cpp computes, as near to this one as files can say. */
  computes(config: DecoderConfig): DecoderConfig;
  metadata(config: DecoderConfig): GgufMetadata;
  /** Whether rows of embeddings beyond the tokenizer's tokens are cut; otherwise tokens that are never used are named for them. */
  cutsVocabulary?: true;
}

const GEMMA3N_OWN_KEYS = 20;
const GEMMA3N_SPARSE = 10;
/** Of Llama 4, in llama.cpp's code: chunks, and steps of the temperature. */
const LLAMA4_SPAN = 8192;

const float = (value: number): GgufValue => ({ type: 'float32', value });
const uint = (value: number): GgufValue => ({ type: 'uint32', value });

export const ggufArchitectures: readonly GgufArchitecture[] = [
  {
    name: 'llama',
    family: 'llama3',
    turnsNeighbours: true,
    computes: (config) => plain(config, { ffn: anyFfn(config, 'silu') }),
    metadata: (config) => ({
      ...baseMetadata('llama', config),
      ...ropeMetadata('llama', config),
      ...expertMetadata('llama', config),
      'llama.vocab_size': uint(config.vocabularySize),
    }),
  },
  {
    name: 'qwen2',
    family: 'qwen2',
    turnsNeighbours: false,
    computes: (config) =>
      plain(config, {
        attention: { bias: qkvOnly(config), headDim: headDimOf(config) },
        ffn: dense(config, 'silu'),
        factors: false,
      }),
    metadata: (config) => ({ ...baseMetadata('qwen2', config), ...ropeMetadata('qwen2', config) }),
  },
  {
    name: 'qwen3',
    family: 'qwen3',
    turnsNeighbours: false,
    computes: (config) =>
      plain(config, {
        attention: { qkNorm: 'learned', bias: qkvOnly(config) },
        ffn: dense(config, 'silu'),
        factors: false,
      }),
    metadata: (config) => ({ ...baseMetadata('qwen3', config), ...ropeMetadata('qwen3', config) }),
  },
  {
    name: 'qwen3moe',
    family: 'qwen3-moe',
    turnsNeighbours: false,
    computes: (config) =>
      plain(config, {
        attention: { qkNorm: 'learned', bias: qkvOnly(config) },
        ffn: softmaxExperts(config),
        factors: false,
      }),
    metadata: (config) => ({
      ...baseMetadata('qwen3moe', config),
      ...ropeMetadata('qwen3moe', config),
      ...expertMetadata('qwen3moe', config),
    }),
  },
  {
    name: 'llama4',
    family: 'llama4',
    turnsNeighbours: true,
    computes(config) {
      const experts = expertsOf(config);
      const step = config.layers.findIndex(({ ffn }) => ffn.kind === 'moe') + 1;
      const moe: MoeConfig = {
        ...experts,
        activation: 'silu',
        router: 'sigmoid',
        normalizeTopK: false,
        sharedIntermediateSize: experts.intermediateSize,
      };
      return plain(config, {
        attention: (layer) => {
          const isChunked = attentionAt(config, layer).chunk > 0;
          const hasRope = (layer + 1) % 4 !== 0;
          return {
            bias: qkvOnly(config),
            chunk: isChunked ? LLAMA4_SPAN : 0,
            ...(hasRope ? {} : { rope: null }),
            qkNorm: hasRope && experts.experts !== 128 ? 'l2' : 'none',
            temperatureTuning: hasRope ? null : { floorScale: LLAMA4_SPAN, scale: 0.1 },
          };
        },
        // Of no experts llama.cpp makes none of these models.
        ffn: (layer) => (step === 0 || (layer + 1) % step === 0 ? moe : dense(config, 'silu')),
      });
    },
    metadata: (config) => ({
      ...baseMetadata('llama4', config),
      ...ropeMetadata('llama4', config),
      ...expertMetadata('llama4', config),
      ...windowMetadata('llama4', config, ({ chunk }) => chunk > 0, LLAMA4_SPAN),
      'llama4.interleave_moe_layer_step': uint(config.layers.findIndex(({ ffn }) => ffn.kind === 'moe') + 1),
    }),
  },
  {
    name: 'smollm3',
    family: 'smollm3',
    turnsNeighbours: true,
    computes: (config) =>
      plain(config, {
        attention: (layer) => ({ bias: false, ...((layer + 1) % 4 === 0 ? { rope: null } : {}) }),
        ffn: dense(config, 'silu'),
        factors: false,
      }),
    metadata: (config) => ({ ...baseMetadata('smollm3', config), ...ropeMetadata('smollm3', config) }),
  },
  {
    name: 'cohere2',
    family: 'command-a',
    turnsNeighbours: true,
    computes: (config) => ({
      ...plain(config, {
        attention: (layer) => {
          const { window } = attentionAt(config, layer);
          const { rope } = ropeOf(config);
          const turns = rope === null ? null : { theta: rope.theta, interleaved: rope.interleaved };
          return {
            headDim: headDimOf(config),
            bias: false,
            window: window === 0 ? 0 : windowOf(config),
            rope: window === 0 ? null : turns,
          };
        },
        ffn: dense(config, 'silu'),
      }),
      norm: { ...config.norm, kind: 'layer' },
      parallelBlock: true,
      tieWordEmbeddings: true,
      logitScale: config.logitScale,
    }),
    metadata: (config) => ({
      ...baseMetadata('cohere2', config),
      ...ropeMetadata('cohere2', config),
      ...windowMetadata('cohere2', config, ({ window }) => window > 0, windowOf(config)),
      'cohere2.logit_scale': float(config.logitScale),
      'cohere2.vocab_size': uint(config.vocabularySize),
    }),
  },
  {
    name: 'gemma2',
    family: 'gemma2',
    turnsNeighbours: false,
    computes: (config) => ({
      ...gemma(config, (layer) => ({
        softCap: attentionAt(config, 0).softCap || 50,
        scale: layerCount(config) === 46 ? 1 / Math.sqrt(headDimOf(config)) : headScale(config),
        window: attentionAt(config, layer).window === 0 ? 0 : windowOf(config),
      })),
      tieWordEmbeddings: true,
      logitSoftCap: config.logitSoftCap || 30,
    }),
    metadata: (config) => ({
      ...baseMetadata('gemma2', config),
      ...ropeMetadata('gemma2', config),
      ...windowMetadata('gemma2', config, ({ window }) => window > 0, windowOf(config)),
      'gemma2.attn_logit_softcapping': float(attentionAt(config, 0).softCap),
      'gemma2.final_logit_softcapping': float(config.logitSoftCap),
    }),
  },
  {
    name: 'gemma3',
    family: 'gemma3',
    turnsNeighbours: false,
    cutsVocabulary: true,
    computes: (config) => ({
      ...gemma(config, (layer) => ({
        ...localAndGlobal(config, layer),
        qkNorm: 'learned',
        scale: layerCount(config) === 62 ? 1 / Math.sqrt(headDimOf(config)) : headScale(config),
      })),
      logitSoftCap: config.logitSoftCap,
    }),
    metadata: (config) => ({
      ...baseMetadata('gemma3', config),
      ...ropeMetadata('gemma3', config),
      ...windowMetadata('gemma3', config, ({ window }) => window > 0, windowOf(config)),
      ...(config.logitSoftCap === 0 ? {} : { 'gemma3.final_logit_softcapping': float(config.logitSoftCap) }),
    }),
  },
  {
    name: 'gemma3n',
    family: 'gemma3n',
    turnsNeighbours: false,
    computes: (config) => ({
      ...gemma(
        config,
        (layer) => ({
          ...localAndGlobal(config, layer),
          qkNorm: 'learned',
          valueNorm: true,
          scale: 1,
          keysOfLayer:
            layer < GEMMA3N_OWN_KEYS ? null : GEMMA3N_OWN_KEYS - (attentionAt(config, layer).window > 0 ? 2 : 1),
        }),
        (layer) => ({ sparsity: layer < GEMMA3N_SPARSE ? 0.95 : 0 }),
      ),
      logitSoftCap: 30,
      altUp: {
        inputs: 4,
        active: 0,
        coefficientClip: config.altUp?.coefficientClip ?? 0,
        correctScale: config.altUp?.correctScale ?? true,
      },
      laurelRank: 64,
      perLayerEmbedding: {
        size: 256,
        vocabularySize: config.perLayerEmbedding?.vocabularySize ?? config.vocabularySize,
      },
    }),
    metadata: (config) => ({
      ...baseMetadata('gemma3n', config),
      ...ropeMetadata('gemma3n', config),
      ...windowMetadata('gemma3n', config, ({ window }) => window > 0, windowOf(config), { listed: true }),
      'gemma3n.altup.active_idx': uint(config.altUp?.active ?? 0),
      'gemma3n.altup.num_inputs': uint(config.altUp?.inputs ?? 1),
      'gemma3n.embedding_length_per_layer_input': uint(config.perLayerEmbedding?.size ?? 0),
      'gemma3n.attention.shared_kv_layers': uint(
        config.layers.filter(({ attention }) => attention.keysOfLayer !== null).length,
      ),
      'gemma3n.activation_sparsity_scale': {
        type: 'array',
        of: 'float32',
        // The normal distribution's quantile of 0.95, the one share that llama.cpp knows; of none.
        value: config.layers.map(({ ffn }) =>
          ffn.kind === 'dense' && ffn.sparsity > 0 ? 1.6448533535003662 : -Infinity,
        ),
      },
    }),
  },
];
