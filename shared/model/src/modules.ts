/**
 * @file The decoder's modules, in PyTorch's sense: each with its configuration and its parameters, whose names and shapes are Hugging Face's. This is
 * the one place that says which parameters a model has; {@link bindModules} puts tensors in their places.
 */
import { isStored, type Weight } from '@arrowsmith/ops';
import type * as tf from '@tensorflow/tfjs-core';
import type { AttentionConfig, DecoderConfig, DenseConfig, LayerConfig, MoeConfig, NormConfig } from './config.ts';

/** What a parameter is for, which decides how it begins and how fast it learns. */
export type ParameterRole =
  /** A table of vectors, of which a token looks up one; or a matrix whose inputs do not grow with the model. */
  | 'embedding'
  /** The output layer's matrix. */
  | 'output'
  /** A matrix within a layer. */
  | 'hidden'
  /** A matrix whose product is added to the residual stream. */
  | 'residual'
  /** A factor of a norm, or of another vector. */
  | 'gain'
  | 'bias';

/** A parameter's name and shape. Matrices are [out, in], those of experts [experts, out, in]. */
export interface ParameterShape {
  name: string;
  shape: number[];
  role: ParameterRole;
}

/** A parameter's place in the modules, where a T stands once they are bound. */
class Parameter<T extends Weight | undefined> implements ParameterShape {
  readonly name: string;
  readonly shape: number[];
  readonly role: ParameterRole;
  /** Whether it is but multiplied with or looked up in, so that it may be stored in any format; not there at all, where that is allowed. */
  readonly may: { beStored?: true; beElsewhere?: true };
  declare readonly bound: T;

  constructor(name: string, shape: number[], role: ParameterRole, may: Parameter<T>['may']) {
    this.name = name;
    this.shape = shape;
    this.role = role;
    this.may = may;
  }
}

/** A parameter that operations on tensors use. */
const tensor = (name: string, shape: number[], role: ParameterRole): Parameter<tf.Tensor> =>
  new Parameter(name, shape, role, {});

/** A matrix that is multiplied with, a stack of them, or a table that is looked up in. */
const weight = (name: string, shape: number[], role: ParameterRole = 'hidden'): Parameter<Weight> =>
  new Parameter(name, shape, role, { beStored: true });

/** A norm over vectors of a size. */
const norm = (name: string, size: number, config: NormConfig) => ({
  config,
  weight: tensor(`${name}.weight`, [size], 'gain'),
});

/** A linear layer, with its bias where there is one. */
const linear = (name: string, out: number, into: number, bias: boolean, role?: ParameterRole) => ({
  weight: weight(`${name}.weight`, [out, into], role),
  bias: bias ? tensor(`${name}.bias`, [out], 'bias') : undefined,
});

/** The name of the table [V_ple, layers · p] of per-layer embeddings, the one parameter outside of the core weights. */
export const PER_LAYER_TABLE = 'model.embed_tokens_per_layer.weight';

/** All modules of a decoder; the order is that in which files store parameters. */
function decoderModules(config: DecoderConfig) {
  const { hiddenSize: d, vocabularySize, altUp, perLayerEmbedding, vision, layers } = config;
  const copies = Array.from({ length: (altUp?.inputs ?? 1) - 1 }, (_, i) => i);
  const projections = (name: string) => copies.map((i) => weight(`model.${name}.${i}.weight`, [d, d]));
  return {
    config,
    embedding: weight('model.embed_tokens.weight', [vocabularySize, d], 'embedding'),
    vision: vision === null ? undefined : visionModule(vision, d),
    perLayer: perLayerEmbedding === null ? undefined : perLayerModule(config, perLayerEmbedding),
    altUpProjections: projections('altup_projections'),
    altUpUnembedProjections: projections('altup_unembed_projections'),
    layers: layers.map((layer, i) => blockModule(config, layer, `model.layers.${i}.`)),
    norm: norm('model.norm', d, config.norm),
    head: config.tieWordEmbeddings ? undefined : weight('lm_head.weight', [vocabularySize, d], 'output'),
  };
}

function visionModule(config: NonNullable<DecoderConfig['vision']>, d: number) {
  const { patches, channels, patchSize } = config;
  return {
    config,
    projection: weight('vision_model.patch_embedding.linear.weight', [d, channels * patchSize ** 2], 'embedding'),
    positions: tensor('vision_model.positional_embedding_vlm', [patches, d], 'embedding'),
  };
}

function perLayerModule(
  { hiddenSize: d, layers, norm: config }: DecoderConfig,
  { size, vocabularySize: rows }: NonNullable<DecoderConfig['perLayerEmbedding']>,
) {
  const columns = layers.length * size;
  return {
    config: { size, vocabularySize: rows, layers: layers.length },
    /** Its rows may be read when they are needed. */
    table: new Parameter<Weight | undefined>(PER_LAYER_TABLE, [rows, columns], 'embedding', {
      beStored: true,
      beElsewhere: true,
    }),
    projection: weight('model.per_layer_model_projection.weight', [columns, d]),
    norm: norm('model.per_layer_projection_norm', size, config),
  };
}

/** A transformer block. */
function blockModule(config: DecoderConfig, { attention, ffn }: LayerConfig, name: string) {
  const { hiddenSize: d, postNorms, parallelBlock, altUp, laurelRank, perLayerEmbedding } = config;
  const normOf = (part: string) => norm(`${name}${part}`, d, config.norm);
  return {
    beforeAttention: normOf('input_layernorm'),
    afterAttention: postNorms ? normOf('post_attention_layernorm') : undefined,
    // Without norms of outputs, Hugging Face calls the one before the feed-forward network what it calls the one after attention with them.
    beforeFfn: parallelBlock ? undefined : normOf(postNorms ? 'pre_feedforward_layernorm' : 'post_attention_layernorm'),
    afterFfn: postNorms ? normOf('post_feedforward_layernorm') : undefined,
    attention: attentionModule(config, attention, `${name}self_attn.`),
    ffn: ffn.kind === 'dense' ? gatedModule(ffn, d, `${name}mlp.`) : expertsModule(ffn, d, `${name}mlp.`),
    altUp: altUp === null ? undefined : altUpModule(config, altUp, `${name}altup.`),
    laurel:
      laurelRank === 0
        ? undefined
        : {
            left: weight(`${name}laurel.linear_left.weight`, [laurelRank, d]),
            right: weight(`${name}laurel.linear_right.weight`, [d, laurelRank], 'residual'),
            norm: normOf('laurel.post_laurel_norm'),
          },
    perLayer:
      perLayerEmbedding === null
        ? undefined
        : {
            gate: weight(`${name}per_layer_input_gate.weight`, [perLayerEmbedding.size, d]),
            projection: weight(`${name}per_layer_projection.weight`, [d, perLayerEmbedding.size], 'residual'),
            norm: normOf('post_per_layer_input_norm'),
          },
  };
}

function attentionModule({ hiddenSize: d, norm: normConfig }: DecoderConfig, config: AttentionConfig, name: string) {
  const { heads, kvHeads, headDim, bias, qkNorm, keysOfLayer } = config;
  const hasKeys = keysOfLayer === null;
  const keysOrValues = (part: string) =>
    hasKeys ? linear(`${name}${part}`, kvHeads * headDim, d, bias !== false) : undefined;
  const headNorm = (part: string) => norm(`${name}${part}`, headDim, { ...normConfig, kind: 'rms' });
  return {
    config,
    /** Of norms of heads without a weight. */
    epsilon: normConfig.epsilon,
    q: linear(`${name}q_proj`, heads * headDim, d, bias !== false),
    k: keysOrValues('k_proj'),
    v: keysOrValues('v_proj'),
    o: linear(`${name}o_proj`, d, heads * headDim, bias === true, 'residual'),
    qNorm: qkNorm === 'learned' ? headNorm('q_norm') : undefined,
    kNorm: qkNorm === 'learned' && hasKeys ? headNorm('k_norm') : undefined,
  };
}

function gatedModule(config: Omit<DenseConfig, 'kind'>, d: number, name: string) {
  const { intermediateSize: f, bias } = config;
  return {
    kind: 'dense' as const,
    config,
    gate: linear(`${name}gate_proj`, f, d, bias),
    up: linear(`${name}up_proj`, f, d, bias),
    down: linear(`${name}down_proj`, d, f, bias, 'residual'),
  };
}

function expertsModule(config: MoeConfig, d: number, name: string) {
  const { experts, intermediateSize: f, sharedIntermediateSize, activation } = config;
  const shared = { intermediateSize: sharedIntermediateSize, activation, bias: false, sparsity: 0 };
  return {
    kind: 'moe' as const,
    config,
    router: weight(`${name}gate.weight`, [experts, d]),
    gate: weight(`${name}experts.gate_proj.weight`, [experts, f, d]),
    up: weight(`${name}experts.up_proj.weight`, [experts, f, d]),
    down: weight(`${name}experts.down_proj.weight`, [experts, d, f], 'residual'),
    shared: sharedIntermediateSize === 0 ? undefined : gatedModule(shared, d, `${name}shared_expert.`),
  };
}

function altUpModule(
  { hiddenSize: d, norm: normConfig, perLayerEmbedding }: DecoderConfig,
  config: NonNullable<DecoderConfig['altUp']>,
  name: string,
) {
  const { inputs: a, correctScale } = config;
  return {
    config,
    // It scales what gates the per-layer embedding, and nothing else.
    outputScale:
      correctScale && perLayerEmbedding !== null ? tensor(`${name}correct_output_scale`, [d], 'gain') : undefined,
    correction: tensor(`${name}correction_coefs.weight`, [a, a], 'hidden'),
    prediction: tensor(`${name}prediction_coefs.weight`, [a * a, a], 'hidden'),
    router: tensor(`${name}modality_router.weight`, [a, d], 'hidden'),
    norm: norm(`${name}router_norm`, d, normConfig),
  };
}

/** Modules with tensors in the place of their parameters. */
type Bound<T> =
  T extends Parameter<infer W>
    ? W
    : T extends readonly (infer U)[]
      ? Bound<U>[]
      : T extends object
        ? { [K in keyof T]: Bound<T[K]> }
        : T;

/** All modules of a decoder, with their parameters. */
export type DecoderModules = Bound<ReturnType<typeof decoderModules>>;
export type BlockModule = DecoderModules['layers'][number];
export type AttentionModule = BlockModule['attention'];
export type GatedModule = Bound<ReturnType<typeof gatedModule>>;
export type ExpertsModule = Bound<ReturnType<typeof expertsModule>>;
export type AltUpModule = NonNullable<BlockModule['altUp']>;
export type LinearModule = AttentionModule['q'];
export type NormModule = DecoderModules['norm'];
export type PerLayerModule = NonNullable<DecoderModules['perLayer']>;
export type VisionModule = NonNullable<DecoderModules['vision']>;

/** Modules are the same as long as their configuration is. */
const known = new WeakMap<DecoderConfig, ReturnType<typeof decoderModules>>();

function modulesOf(config: DecoderConfig): ReturnType<typeof decoderModules> {
  const modules = known.get(config) ?? decoderModules(config);
  known.set(config, modules);
  return modules;
}

/** Every parameter of the model, in the order in which files store them. */
export function parameterShapes(config: DecoderConfig): ParameterShape[] {
  return leavesOf(modulesOf(config)).map(({ name, shape, role }) => ({ name, shape, role }));
}

/** The names of the parameters that may be stored in any format. */
export function storableParameters(config: DecoderConfig): Set<string> {
  return new Set(leavesOf(modulesOf(config)).flatMap(({ name, may }) => (may.beStored ? [name] : [])));
}

function leavesOf(node: unknown): Parameter<Weight | undefined>[] {
  if (node instanceof Parameter) return [node];
  return typeof node === 'object' && node !== null ? Object.values(node).flatMap(leavesOf) : [];
}

/** Parameters by name: tensors, or matrices as they are stored. */
export type Parameters = Readonly<Record<string, Weight>>;

/**
 * The modules with their parameters. Whoever runs a model many times may do this once.
 *
 * @throws Error when one is missing, or stored in a way that its use does not allow
 */
export function bindModules(config: DecoderConfig, parameters: Parameters): DecoderModules {
  return bind(modulesOf(config), parameters) as DecoderModules;
}

function bind(node: unknown, parameters: Parameters): unknown {
  if (node instanceof Parameter) return find(node, parameters);
  if (Array.isArray(node)) return node.map((each) => bind(each, parameters));
  if (typeof node !== 'object' || node === null) return node;
  const bound: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    bound[key] = key === 'config' ? value : bind(value, parameters); // no parameters there
  }
  return bound;
}

function find({ name, may }: Parameter<Weight | undefined>, parameters: Parameters): Weight | undefined {
  const found = parameters[name];
  if (found === undefined && !may.beElsewhere) throw new Error(`the parameter ${name} is missing`);
  if (found !== undefined && isStored(found) && !may.beStored)
    throw new Error(`the parameter ${name} must be a tensor`);
  return found;
}
