/**
 * @file The fields of config.json that say what a configuration says, by architecture: the inverse of `architectures.ts`. A configuration spells out
 * every layer, and a config.json cannot: what one has no field for is left out here, and found by reading the fields again (`write-config.ts`).
 */
import type { AttentionConfig, DecoderConfig, DenseConfig, MoeConfig } from '@arrowsmith/model';
import type { ArchitectureName } from './config-table.ts';
import { NO_LIMIT } from '../differences.ts';
import { localAndGlobalRopeFields, singleRopeFields } from './write-rope-fields.ts';

type Json = Record<string, unknown>;

/** What each architecture's files say of a configuration. Phi 3's matrices are fused, and its models are Llama's or Mistral's. */
export const architectureFields: ReadonlyMap<ArchitectureName, (config: DecoderConfig) => Json> = new Map<
  ArchitectureName,
  (config: DecoderConfig) => Json
>([
  ['LlamaForCausalLM', (config) => ({ ...llamaLike(config), ...biases(config), mlp_bias: hasFfnBias(config) })],
  ['MistralForCausalLM', (config) => ({ ...llamaLike(config), sliding_window: windowOf(config) })],
  ['Qwen2ForCausalLM', (config) => ({ ...llamaLike(config), ...qwenWindow(config) })],
  ['Qwen3ForCausalLM', (config) => ({ ...llamaLike(config), ...biases(config), ...qwenWindow(config) })],
  [
    'Qwen3MoeForCausalLM',
    (config) => {
      const moe = expertsOf(config);
      return {
        ...llamaLike(config),
        ...biases(config),
        sliding_window: windowOf(config),
        use_sliding_window: windowOf(config) !== null,
        intermediate_size: denseOf(config)?.intermediateSize ?? moe?.intermediateSize,
        decoder_sparse_step: 1,
        mlp_only_layers: layersWhere(config, ({ ffn }) => ffn.kind === 'dense'),
        moe_intermediate_size: moe?.intermediateSize,
        num_experts: moe?.experts,
        num_experts_per_tok: moe?.topK,
        norm_topk_prob: moe?.normalizeTopK,
        output_router_logits: false,
        router_aux_loss_coef: config.routerLoss.loadBalancing,
      };
    },
  ],
  [
    'SmolLM3ForCausalLM',
    (config) => ({
      ...llamaLike(config),
      ...biases(config),
      mlp_bias: hasFfnBias(config),
      no_rope_layers: positions(config),
      layer_types: layerTypes(config),
      sliding_window: windowOf(config),
      use_sliding_window: windowOf(config) !== null,
    }),
  ],
  [
    'Cohere2ForCausalLM',
    (config) => ({
      ...sizes(config),
      ...biases(config),
      ...singleRopeFields(config),
      hidden_act: 'silu',
      layer_norm_eps: config.norm.epsilon,
      intermediate_size: denseOf(config)?.intermediateSize,
      layer_types: layerTypes(config),
      sliding_window: windowOf(config) ?? config.contextLength,
      logit_scale: config.logitScale,
    }),
  ],
  [
    'Gemma2ForCausalLM',
    (config) => ({
      ...gemmaLike(config),
      ...singleRopeFields(config),
      query_pre_attn_scalar: inverseSquare(attentionOf(config).scale),
      attn_logit_softcapping: attentionOf(config).softCap || null,
    }),
  ],
  [
    'Gemma3ForCausalLM',
    (config) => ({
      ...gemmaLike(config),
      ...localAndGlobalRopeFields(config),
      query_pre_attn_scalar: inverseSquare(attentionOf(config).scale),
    }),
  ],
  [
    'Gemma3nForCausalLM',
    (config) => {
      const { altUp, perLayerEmbedding } = config;
      return {
        ...gemmaLike(config),
        ...localAndGlobalRopeFields(config),
        final_logit_softcapping: config.logitSoftCap || 30, // nor this
        intermediate_size: config.layers.map(({ ffn }) => ffn.intermediateSize),
        activation_sparsity_pattern: config.layers.map(({ ffn }) => (ffn.kind === 'dense' ? ffn.sparsity : 0)),
        hidden_size_per_layer_input: perLayerEmbedding?.size,
        vocab_size_per_layer_input: perLayerEmbedding?.vocabularySize,
        altup_num_inputs: altUp?.inputs,
        altup_active_idx: altUp?.active,
        altup_coef_clip: altUp?.coefficientClip || NO_LIMIT, // which may not be null in transformers 5
        altup_correct_scale: altUp?.correctScale,
        laurel_rank: config.laurelRank,
        num_kv_shared_layers: layersWhere(config, ({ attention }) => attention.keysOfLayer !== null).length,
      };
    },
  ],
  [
    'Llama4ForCausalLM',
    (config) => {
      const moe = expertsOf(config);
      const expertSize = moe?.intermediateSize ?? denseOf(config)?.intermediateSize;
      const withExperts = layersWhere(config, ({ ffn }) => ffn.kind === 'moe');
      const tuning = config.layers.map(({ attention }) => attention.temperatureTuning).find((each) => each !== null);
      return {
        ...sizes(config),
        ...biases(config),
        ...singleRopeFields(config),
        hidden_act: 'silu',
        rms_norm_eps: config.norm.epsilon,
        intermediate_size: expertSize,
        intermediate_size_mlp: denseOf(config)?.intermediateSize ?? expertSize,
        num_local_experts: moe?.experts ?? 1,
        num_experts_per_tok: moe?.topK ?? 1,
        moe_layers: withExperts,
        interleave_moe_layer_step: (withExperts[0] ?? config.layers.length) + 1,
        use_qk_norm: config.layers.some(({ attention }) => attention.qkNorm === 'l2'),
        no_rope_layers: positions(config),
        attention_chunk_size: config.layers.map(({ attention }) => attention.chunk).find((chunk) => chunk > 0) ?? null,
        layer_types: layerTypes(config),
        attn_temperature_tuning: tuning !== undefined,
        ...(tuning === undefined
          ? {}
          : { floor_scale: Math.max(1, Math.round(tuning?.floorScale ?? 1)), attn_scale: tuning?.scale }),
        output_router_logits: false,
        router_aux_loss_coef: config.routerLoss.loadBalancing,
      };
    },
  ],
]);

/** The attention of the first layer, which in a file stands for all. */
function attentionOf({ layers }: DecoderConfig): AttentionConfig {
  const [first] = layers;
  if (first === undefined) throw new RangeError('a model without layers');
  return first.attention;
}

const denseOf = ({ layers }: DecoderConfig): DenseConfig | undefined =>
  layers.map(({ ffn }) => ffn).find((ffn) => ffn.kind === 'dense');

const expertsOf = ({ layers }: DecoderConfig): MoeConfig | undefined =>
  layers.map(({ ffn }) => ffn).find((ffn) => ffn.kind === 'moe');

const hasFfnBias = (config: DecoderConfig): boolean => denseOf(config)?.bias ?? false;

/** The numbers of the layers of which something is so. */
const layersWhere = ({ layers }: DecoderConfig, is: (layer: DecoderConfig['layers'][number]) => boolean): number[] =>
  layers.flatMap((layer, index) => (is(layer) ? [index] : []));

const layerTypes = ({ layers }: DecoderConfig): string[] =>
  layers.map(({ attention: { window, chunk } }) =>
    window > 0 ? 'sliding_attention' : chunk > 0 ? 'chunked_attention' : 'full_attention',
  );

/** `no_rope_layers`, whose 1 is a layer with positions. */
const positions = ({ layers }: DecoderConfig): number[] => layers.map(({ attention }) => (attention.rope ? 1 : 0));

/** The window of the layers that slide; null: none does. */
const windowOf = ({ layers }: DecoderConfig): number | null =>
  layers.map(({ attention }) => attention.window).find((window) => window > 0) ?? null;

function qwenWindow(config: DecoderConfig): Json {
  const window = windowOf(config);
  const layers = layersWhere(config, ({ attention }) => attention.window > 0);
  return {
    sliding_window: window,
    use_sliding_window: window !== null,
    max_window_layers: layers[0] ?? config.layers.length,
    layer_types: layerTypes(config),
  };
}

/** What all architectures call the same. */
function sizes(config: DecoderConfig): Json {
  const { heads, kvHeads, headDim } = attentionOf(config);
  return {
    vocab_size: config.vocabularySize,
    max_position_embeddings: config.contextLength,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.layers.length,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    head_dim: headDim,
    tie_word_embeddings: config.tieWordEmbeddings,
    initializer_range: config.initialization.deviation,
  };
}

const biases = (config: DecoderConfig): Json => ({ attention_bias: attentionOf(config).bias === true });

function llamaLike(config: DecoderConfig): Json {
  return {
    ...sizes(config),
    ...singleRopeFields(config),
    hidden_act: activationOf(config),
    rms_norm_eps: config.norm.epsilon,
    intermediate_size: denseOf(config)?.intermediateSize,
  };
}

function gemmaLike(config: DecoderConfig): Json {
  return {
    ...sizes(config),
    ...biases(config),
    hidden_activation: activationOf(config),
    rms_norm_eps: config.norm.epsilon,
    intermediate_size: denseOf(config)?.intermediateSize,
    layer_types: layerTypes(config),
    sliding_window: windowOf(config) ?? config.contextLength,
    final_logit_softcapping: config.logitSoftCap || null,
  };
}

const activationOf = ({ layers }: DecoderConfig): string =>
  layers[0]?.ffn.activation === 'gelu-tanh' ? 'gelu_pytorch_tanh' : 'silu';

/** scale = scalar^−½; transformers 5 takes whole numbers only. */
const inverseSquare = (scale: number): number => Math.max(1, Math.round(scale ** -2));
