/** @file Reads the fields of a config.json, and knows which of them were not read: none that matters may be passed over. */
import { UserError } from '@arrowsmith/errors';
import type { RopeScaling } from '@arrowsmith/model';

/** Fields that say nothing about what a forward pass computes. */
const IRRELEVANT = new Set(
  [
    '_name_or_path _sliding_window_pattern architectures attention_dropout auto_map bos_token_id cache_implementation dtype',
    'boi_token_id boi_token_index eoi_token_id eoi_token_index eos_token_id eos_token_ids experts_implementation for_llm_compressor',
    'image_token_id image_token_index initializer_range layer_switch max_window_layers mm_tokens_per_image model_type',
    'output_router_logits pad_token_id pretraining_tp router_jitter_noise text_config torch_dtype transformers_version use_cache',
    'vision_config vision_token_id audio_config audio_token_id vision_soft_tokens_per_image audio_soft_tokens_per_image',
    'attention_chunk_size_for_cache id2label label2id num_labels is_encoder_decoder use_bidirectional_attention_for_images',
  ]
    .join(' ')
    .split(' '),
);

type Json = Record<string, unknown>;

/** The fields of one config.json. */
export interface ConfigFields {
  where: string;
  /** @throws UserError where there is none and no default */
  number(name: string, otherwise?: number): number;
  optionalNumber(name: string): number | undefined;
  boolean(name: string, otherwise: boolean): boolean;
  text(name: string, otherwise: string): string;
  numbers(name: string): number[] | undefined;
  /** A number for each layer, from a list of so many, or from one that holds for all. */
  numberOfEach(name: string, layers: number): number[];
  texts(name: string): string[] | undefined;
  object(name: string): Json | undefined;
  /** @throws UserError for the first field that has a value, matters, and was not read */
  refuseUnread(): void;
}

export function configFields(json: Json, where: string): ConfigFields {
  const read = new Set<string>();
  const value = (name: string): unknown => {
    read.add(name);
    return json[name] ?? undefined;
  };
  const typed = <T>(name: string, is: (x: unknown) => boolean, expected: string): T | undefined => {
    const found = value(name);
    if (found === undefined || is(found)) return found as T | undefined;
    throw wrong(where, name, expected, found);
  };
  const isNumber = (x: unknown) => typeof x === 'number' && Number.isFinite(x);
  const listOf = (is: (x: unknown) => boolean) => (x: unknown) => Array.isArray(x) && x.every(is);
  const isText = (x: unknown) => typeof x === 'string';
  return {
    where,
    number(name, otherwise) {
      const found = typed<number>(name, isNumber, 'a number') ?? otherwise;
      if (found === undefined) throw wrong(where, name, 'a number', 'nothing');
      return found;
    },
    optionalNumber: (name) => typed<number>(name, isNumber, 'a number'),
    boolean: (name, otherwise) =>
      Boolean(typed<unknown>(name, (x) => ['boolean', 'number'].includes(typeof x), 'true or false') ?? otherwise),
    text: (name, otherwise) => typed<string>(name, isText, 'a string') ?? otherwise,
    numbers: (name) => typed<number[]>(name, listOf(isNumber), 'a list of numbers'),
    numberOfEach(name, layers) {
      const isEither = (x: unknown) => isNumber(x) || (Array.isArray(x) && x.length === layers && x.every(isNumber));
      const found = typed<number | number[]>(name, isEither, `a number, or ${layers} numbers`);
      if (found === undefined) throw wrong(where, name, 'a number', 'nothing');
      return typeof found === 'number' ? Array.from({ length: layers }, () => found) : found;
    },
    texts: (name) => typed<string[]>(name, listOf(isText), 'a list of strings'),
    object: (name) => typed<Json>(name, (x) => typeof x === 'object' && !Array.isArray(x), 'an object'),
    refuseUnread() {
      const name = Object.keys(json).find(
        (key) => !read.has(key) && !IRRELEVANT.has(key) && json[key] !== null && json[key] !== false,
      );
      if (name !== undefined) throw unsupported(where, name, json[name], 'an option that this import does not know');
    },
  };
}

/** A field that is not what it must be. */
export function wrong(where: string, name: string, expected: string, found: unknown): UserError {
  return new UserError({
    what: `the configuration's ${name} is not what it should be`,
    where,
    expected,
    found: typeof found === 'string' ? found : JSON.stringify(found),
    fix: 'use the config.json that belongs to the weights',
  });
}

/** A field whose value is understood, but not supported. */
export function unsupported(where: string, name: string, found: unknown, why: string): UserError {
  return new UserError({
    what: `the model has ${why}: ${name}`,
    where,
    expected: `a model without ${name}`,
    found: `${name} ${JSON.stringify(found)}`,
    fix: 'use another model; docs/models.md lists what can be imported',
  });
}

/** The rotary base and scaling, as new files (`rope_parameters`) and old ones (`rope_theta`, `rope_scaling`) say it. */
export function ropeOf(
  parameters: Json,
  { where, contextLength, defaultTheta }: { where: string; contextLength: number; defaultTheta: number },
): { theta: number; scaling?: RopeScaling } {
  const fields = configFields(parameters, `${where}, rope parameters`);
  const theta = fields.number('rope_theta', defaultTheta);
  const kind = fields.text('rope_type', fields.text('type', 'default'));
  if (fields.number('partial_rotary_factor', 1) !== 1) {
    throw unsupported(where, 'partial_rotary_factor', parameters['partial_rotary_factor'], 'an unsupported option');
  }
  const original = () => fields.number('original_max_position_embeddings', contextLength);
  const scaling = ((): RopeScaling | undefined => {
    switch (kind) {
      case 'default':
        return undefined;
      case 'linear':
        return { kind, factor: fields.number('factor') };
      case 'llama3':
        return {
          kind,
          factor: fields.number('factor'),
          lowFrequencyFactor: fields.number('low_freq_factor'),
          highFrequencyFactor: fields.number('high_freq_factor'),
          originalContextLength: original(),
        };
      case 'yarn': {
        if (!fields.boolean('truncate', true)) throw unsupported(where, 'truncate', false, 'an unsupported option');
        const factor = fields.number('factor', contextLength / original());
        const [mscale, mscaleAll] = [fields.optionalNumber('mscale'), fields.optionalNumber('mscale_all_dim')];
        const amplitude = (m: number) => (factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1);
        const ofScales = mscale && mscaleAll ? amplitude(mscale) / amplitude(mscaleAll) : undefined;
        return {
          kind,
          factor,
          originalContextLength: original(),
          betaFast: fields.number('beta_fast', 32),
          betaSlow: fields.number('beta_slow', 1),
          attentionFactor: fields.optionalNumber('attention_factor') ?? ofScales ?? amplitude(1),
        };
      }
      default:
        throw unsupported(where, 'rope_type', kind, 'a kind of rotary scaling that is not supported');
    }
  })();
  fields.refuseUnread();
  return scaling === undefined ? { theta } : { theta, scaling };
}
