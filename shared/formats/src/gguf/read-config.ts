/**
 * @file The configuration of a model in a GGUF file: what llama.cpp computes for its architecture, from the metadata and the shapes of tensors. Keys that
 * llama.cpp does not read of an architecture are not read here either. Read from its sources (src/models/*.cpp, src/llama-model.cpp) of 2026-11.
 */
import { UserError } from '@arrowsmith/errors';
import {
  chooseOptions,
  configOf,
  decoderConfigSchema,
  families,
  LARGEST_SIZE,
  MOST_LAYERS,
  type ChosenOptions,
  type DecoderConfig,
} from '@arrowsmith/model';
import { shortened } from '../shortened.ts';
import { ggufArchitectures, type GgufArchitecture } from './architectures.ts';
import { refuseOtherComputation } from './choose-architecture.ts';
import { metadataFields, type MetadataFields } from './metadata-fields.ts';
import type { GgufFile } from './read-gguf.ts';
import { ropeScalingOf } from './read-rope.ts';

/** llama.cpp's, where a file has no key. */
const DEFAULTS = { theta: 10000, localTheta: 10000, attentionSoftCap: 50, logitSoftCap: 30, gemma2Window: 4096 };
/** Of Llama 4, in llama.cpp's code. */
const LLAMA4_SPAN = 8192;
const GEMMA3N_OWN_KEYS = 20;
const GEMMA3N_SPARSE = 10;

/** What an architecture is read from. */
interface Source {
  fields: MetadataFields;
  file: GgufFile;
  layers: number;
  /** The shape of a tensor; undefined where there is none of that name. */
  shapeOf(name: string): readonly number[] | undefined;
}

/**
 * The configuration, and the architecture of llama.cpp.
 *
 * @throws UserError for an architecture that is not supported, for metadata that are missing or wrong, and for what this project does not compute
 */
export function ggufConfig(file: GgufFile): { config: DecoderConfig; architecture: GgufArchitecture } {
  const architecture = architectureOf(file);
  refuseParts(file);
  const fields = metadataFields(file, architecture.name);
  const layers = fields.size('block_count');
  if (layers > MOST_LAYERS) throw fields.wrong('block_count', `at most ${MOST_LAYERS}`, layers);
  const source: Source = { fields, file, layers, shapeOf: (name) => file.tensors.get(name)?.shape };
  const family = families[architecture.family as keyof typeof families];
  const own = READERS[architecture.name]?.(source) ?? {};
  const options = chooseOptions(family, { ...common(source, architecture), ...own });
  const config = withSizes(configOf(architecture.family, options, dataOf(source)), source);
  refuseNumbers(config, file.path);
  refuseOtherComputation(architecture, config, file.path);
  return { config, architecture };
}

/** @throws UserError for numbers that no model has, such as a base of positions of 0 */
function refuseNumbers(config: DecoderConfig, path: string): void {
  const [issue] = decoderConfigSchema.safeParse(config).error?.issues ?? [];
  if (issue === undefined) return;
  throw new UserError({
    what: 'the metadata of a GGUF file describe no model',
    where: path,
    expected: 'numbers that a model can have',
    found: `${issue.path.join('.')}: ${issue.message}`,
    fix: 'download or convert the file again',
  });
}

function architectureOf({ path, metadata }: GgufFile): GgufArchitecture {
  const name = metadata.get('general.architecture');
  const found = ggufArchitectures.find((each) => each.name === name);
  if (found !== undefined) return found;
  throw new UserError({
    what: 'the GGUF file has a model of an architecture that is not supported',
    where: path,
    expected: `one of ${ggufArchitectures.map((each) => each.name).join(', ')}`,
    found: name === undefined ? 'no general.architecture' : shortened(JSON.stringify(String(name))),
    fix: 'use a model of another architecture; docs/export.md lists what is read',
  });
}

/** @throws UserError for a file that is one of several, and for what is no model of text */
function refuseParts({ path, metadata }: GgufFile): void {
  const parts = metadata.get('split.count');
  if (typeof parts === 'number' && parts > 1) {
    throw new UserError({
      what: 'the GGUF file is one part of several',
      where: path,
      expected: 'a whole model',
      found: `split.count ${parts}`,
      fix: 'join the parts: llama-gguf-split --merge <first part> <file>',
    });
  }
  const type = metadata.get('general.type');
  if (type === undefined || type === 'model') return;
  throw new UserError({
    what: 'the GGUF file has no model',
    where: path,
    expected: 'general.type "model"',
    found: shortened(JSON.stringify(String(type))),
    fix: type === 'adapter' ? 'merge the adapter into its model first' : 'name the file of the model',
  });
}

/** Sizes, and what all architectures say alike. */
function common({ fields, file, layers, shapeOf }: Source, { name, turnsNeighbours }: GgufArchitecture): ChosenOptions {
  const heads = fields.size('attention.head_count');
  const kvHeads = fields.size('attention.head_count_kv', heads);
  if (heads % kvHeads !== 0) throw fields.wrong('attention.head_count_kv', `a divisor of ${heads}`, kvHeads);
  const hiddenSize = fields.size('embedding_length');
  const byDefault = hiddenSize % heads === 0 ? hiddenSize / heads : undefined;
  const headDim = fields.size('attention.key_length', byDefault);
  if (headDim % 2 !== 0) throw fields.wrong('attention.key_length', 'an even number, as positions turn pairs', headDim);
  for (const key of ['attention.value_length', 'rope.dimension_count']) {
    const size = fields.size(key, headDim);
    if (size !== headDim)
      throw fields.wrong(
        key,
        `${headDim}, as queries have`,
        size,
        'only heads of one size, all of which turns, are supported',
      );
  }
  if (fields.any('attention.causal') === false) {
    throw fields.wrong(
      'attention.causal',
      'true',
      false,
      'models whose tokens see what follows them are not supported',
    );
  }
  const epsilon = name === 'cohere2' ? 'layer_norm_epsilon' : 'layer_norm_rms_epsilon';
  const hasBias = (part: string) => shapeOf(`blk.0.${part}.bias`) !== undefined;
  return {
    hiddenSize,
    layers,
    heads,
    kvHeads,
    headDim,
    normEpsilon: fields.float(`attention.${epsilon}`),
    ropeTheta: fields.float('rope.freq_base', DEFAULTS.theta),
    ropeScaling: ropeScalingOf(fields, file, headDim, architectureReadsFactors(name)),
    // Rows of a Llama's queries and keys are brought back to the order of halves; of others that turn neighbours they stay.
    ropeInterleaved: turnsNeighbours && keepsNeighbours(name),
    tieWordEmbeddings: shapeOf('output.weight') === undefined,
    attentionBias: hasBias('attn_output') ? true : hasBias('attn_q') ? 'qkv' : false,
    ffnBias: hasBias('ffn_gate'),
    intermediateSize: denseSize(0, shapeOf) ?? fields.size('feed_forward_length', 1),
  };
}

const architectureReadsFactors = (name: string): boolean => name === 'llama' || name === 'llama4';

/** Families whose models here turn neighbours, too. */
export const keepsNeighbours = (name: string): boolean => name === 'llama4' || name === 'cohere2';

function dataOf({ fields, file, shapeOf }: Source): { vocabularySize: number; contextLength: number } {
  const rows = shapeOf('token_embd.weight')?.[0];
  if (rows === undefined) {
    throw new UserError({
      what: 'the GGUF file has no embeddings',
      where: file.path,
      expected: 'a tensor token_embd.weight',
      found: `${file.tensors.size} tensors, none of that name`,
      fix: 'name the file of a whole model',
    });
  }
  const contextLength = fields.size('context_length');
  if (contextLength > LARGEST_SIZE) throw fields.wrong('context_length', `at most ${LARGEST_SIZE}`, contextLength);
  return { vocabularySize: rows, contextLength };
}

/** What is an architecture's own. */
const READERS: Readonly<Record<string, (source: Source) => ChosenOptions>> = {
  llama: (source) => ({ ...expertsOf(source) }),
  qwen2: () => ({}),
  qwen3: () => ({}),
  qwen3moe: (source) => ({ ...expertsOf(source) }),
  smollm3: () => ({}),
  cohere2: (source) => ({
    ...windowsOf(source, { period: 4 }),
    logitScale: source.fields.float('logit_scale'),
    positionPattern: localPattern(source, 4).replaceAll('S', 'R').replaceAll('G', 'N'),
  }),
  gemma2: (source) => ({
    ...windowsOf(source, { period: 2, window: DEFAULTS.gemma2Window }),
    attentionSoftCap: source.fields.float('attn_logit_softcapping', DEFAULTS.attentionSoftCap),
    logitSoftCap: source.fields.float('final_logit_softcapping', DEFAULTS.logitSoftCap),
    attentionScale: gemmaScale(source, 46),
  }),
  gemma3: (source) => ({
    ...(source.fields.count('attention.sliding_window', 0) === 0
      ? { attentionPattern: 'G' }
      : {
          ...windowsOf(source, { period: 6 }),
          localRopeTheta: source.fields.float('rope.freq_base_swa', DEFAULTS.localTheta),
        }),
    logitSoftCap: source.fields.float('final_logit_softcapping', 0),
    attentionScale: gemmaScale(source, 62),
  }),
  gemma3n: (source) => ({
    ...windowsOf(source, { period: 5 }),
    localRopeTheta: source.fields.float('rope.freq_base_swa', DEFAULTS.localTheta),
    perLayerEmbeddingSize: source.fields.size('embedding_length_per_layer_input'),
    laurelRank: source.shapeOf('blk.0.laurel_l.weight')?.[0] ?? 64,
    altUp: {
      inputs: source.fields.size('altup.num_inputs'),
      active: source.fields.count('altup.active_idx', 0),
      coefficientClip: 120,
      correctScale: true,
    },
    activationSparsity: Array.from({ length: Math.min(source.layers, GEMMA3N_SPARSE) }, () => 0.95),
    sharedKvLayers: Math.max(0, source.layers - GEMMA3N_OWN_KEYS),
    matformer: { granularities: 1 },
  }),
  llama4: (source) => {
    if (source.fields.any('attention.sliding_window') === 0) {
      throw source.fields.wrong(
        'attention.sliding_window',
        `${LLAMA4_SPAN}: chunks`,
        0,
        'models without are not supported',
      );
    }
    const experts = source.fields.size('expert_count');
    return {
      attentionPattern: localPattern(source, 4).replaceAll('S', 'C'),
      chunk: Math.min(LLAMA4_SPAN, source.fields.size('context_length')),
      qkNorm: experts === 128 ? 'none' : 'l2',
      ...expertsOf(source),
    };
  },
};

/** Gemma's scale of scores, which is by the width of one published size, and else by that of heads. */
function gemmaScale({ fields, layers }: Source, exception: number): number | undefined {
  return layers === exception
    ? Math.sqrt(fields.size('attention.head_count') / fields.size('embedding_length'))
    : undefined;
}

/** Sliding layers, and how far they see. */
function windowsOf(source: Source, { period, window }: { period: number; window?: number }): ChosenOptions {
  const size = source.fields.size('attention.sliding_window', window);
  return {
    attentionPattern: localPattern(source, period),
    window: Math.min(size, source.fields.size('context_length')),
  };
}

/** A letter for each layer, S or G: by a list, or by after how many layers one sees everything. */
function localPattern({ fields, layers }: Source, byDefault: number): string {
  const key = 'attention.sliding_window_pattern';
  const stated = fields.any(key);
  if (Array.isArray(stated)) {
    if (stated.length < layers) throw fields.wrong(key, `${layers} flags`, stated);
    return stated
      .slice(0, layers)
      .map((local) => (local === true || local === 1 ? 'S' : 'G'))
      .join('');
  }
  const period = fields.count(key, byDefault);
  return Array.from({ length: layers }, (_, layer) => (period === 0 || (layer + 1) % period !== 0 ? 'S' : 'G')).join(
    '',
  );
}

/** Experts, in the layers that have routers. */
function expertsOf({ fields, layers, shapeOf }: Source): ChosenOptions {
  const experts = fields.count('expert_count', 0);
  if (experts === 0) return {};
  const pattern = Array.from({ length: layers }, (_, layer) =>
    shapeOf(`blk.${layer}.ffn_gate_inp.weight`) === undefined ? 'D' : 'E',
  );
  const first = pattern.indexOf('E');
  if (first === -1) throw fields.wrong('expert_count', 'experts, or a router in some layer', experts);
  const topK = fields.size('expert_used_count');
  if (topK > experts) throw fields.wrong('expert_used_count', `at most ${experts}`, topK);
  const size = (part: string) => shapeOf(`blk.${first}.${part}.weight`)?.at(-2);
  const stacked = size('ffn_gate_exps');
  if (stacked === undefined) {
    throw fields.wrong(
      'expert_count',
      'experts in stacked tensors, ffn_gate_exps',
      experts,
      'convert the model with a llama.cpp of today',
    );
  }
  const shared = size('ffn_gate_shexp') ?? 0;
  return {
    moe: { pattern: pattern.join(''), experts, topK, intermediateSize: stacked, sharedIntermediateSize: shared },
  };
}

const denseSize = (layer: number, shapeOf: Source['shapeOf']): number | undefined =>
  shapeOf(`blk.${layer}.ffn_gate.weight`)?.[0];

/** With the inner size of each layer's own network. */
function withSizes(config: DecoderConfig, { shapeOf }: Source): DecoderConfig {
  const layers = config.layers.map(({ attention, ffn }, layer) => ({
    attention,
    ffn: ffn.kind === 'moe' ? ffn : { ...ffn, intermediateSize: denseSize(layer, shapeOf) ?? ffn.intermediateSize },
  }));
  return { ...config, layers };
}
