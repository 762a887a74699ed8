/** @file What several architectures' config.json files have in common, in this project's options. */
import type { ChosenOptions } from '@arrowsmith/model';
import { contradiction, unsupported, wrong, type ConfigFields } from './config-fields.ts';
import { attentionPattern, fixedPattern } from './layer-fields.ts';
import { localAndGlobalRope, singleRope, type RopeOfConfig } from './rope-fields.ts';

const ACTIVATIONS = new Map<string, 'silu' | 'gelu-tanh'>([
  ['silu', 'silu'],
  ['swish', 'silu'],
  ['gelu_pytorch_tanh', 'gelu-tanh'],
  ['gelu_new', 'gelu-tanh'],
]);

export function activationOf(fields: ConfigFields, name: string): 'silu' | 'gelu-tanh' {
  const activation = fields.text(name);
  const known = ACTIVATIONS.get(activation);
  if (known === undefined) throw unsupported(fields.where, name, activation, 'an activation that is not supported');
  return known;
}

/** What all architectures call the same. */
export function common(fields: ConfigFields) {
  const [heads, hiddenSize] = [fields.number('num_attention_heads'), fields.number('hidden_size')];
  const headDim = fields.numberOrNone('head_dim') ?? hiddenSize / heads;
  if (!Number.isInteger(headDim)) {
    throw wrong(
      fields.where,
      'hidden_size',
      `a multiple of num_attention_heads, ${heads}, without a head_dim`,
      hiddenSize,
    );
  }
  return {
    hiddenSize,
    layers: fields.number('num_hidden_layers'),
    heads,
    kvHeads: fields.numberOrNone('num_key_value_heads') ?? heads,
    headDim,
    tieWordEmbeddings: fields.flag('tie_word_embeddings'),
    attentionBias: fields.flag('attention_bias') as boolean | 'qkv',
  };
}

/** What the architectures share that are near Llama's. */
export function llamaLike(fields: ConfigFields) {
  return {
    ...common(fields),
    activation: activationOf(fields, 'hidden_act'),
    normEpsilon: fields.number('rms_norm_eps'),
    ...ropeOptions(singleRope(fields)),
  };
}

export const ropeOptions = ({ theta, scaling }: RopeOfConfig): ChosenOptions => ({
  ropeTheta: theta,
  ropeScaling: scaling,
});

export function localAndGlobalOptions(fields: ConfigFields): ChosenOptions {
  const { global, local } = localAndGlobalRope(fields);
  return { ...ropeOptions(global), localRopeTheta: local.theta };
}

/** A window beyond the context is the context. */
export function windowOf(fields: ConfigFields): { window: number | undefined } {
  const window = fields.numberOrNone('sliding_window');
  return { window: window === undefined ? undefined : Math.min(window, fields.number('max_position_embeddings')) };
}

/** Every layer slides where there is a window. */
export function windowOfAll(fields: ConfigFields, uses = true): ChosenOptions {
  const { window } = windowOf(fields);
  const slides = uses && window !== undefined;
  return { attentionPattern: fixedPattern(fields, slides ? 'S' : 'G'), ...(slides ? { window } : {}) };
}

/** Layers slide by `layer_types`, or by a rule, where `use_sliding_window` says that there is a window. */
export function windowInUse(fields: ConfigFields, slidesByRule: (layer: number) => boolean): ChosenOptions {
  const { window } = fields.flag('use_sliding_window') ? windowOf(fields) : { window: undefined };
  const pattern = attentionPattern(fields, (layer) => (window !== undefined && slidesByRule(layer) ? 'S' : 'G'));
  if (window === undefined && pattern.includes('S')) {
    const found = fields.flag('use_sliding_window') ? 'no sliding_window' : 'use_sliding_window false';
    throw wrong(fields.where, 'layer_types', 'full_attention only, without a window that is used', found);
  }
  return { attentionPattern: pattern, ...(window === undefined ? {} : { window }) };
}

export function gemmaOptions(fields: ConfigFields): ChosenOptions {
  if (fields.flag('use_bidirectional_attention')) {
    throw unsupported(fields.where, 'use_bidirectional_attention', true, 'attention to tokens that follow');
  }
  const activation = activationOf(fields, 'hidden_activation');
  const other = fields.textOrNone('hidden_act');
  if (other !== undefined && ACTIVATIONS.get(other) !== activation) {
    const expected = fields.text('hidden_activation');
    throw contradiction(fields.where, 'hidden_act', other, expected, 'hidden_activation says the function');
  }
  return {
    ...common(fields),
    ...windowOf(fields),
    activation,
    normEpsilon: fields.number('rms_norm_eps'),
    logitSoftCap: fields.numberOrNone('final_logit_softcapping') ?? 0,
  };
}

/** `num_experts`, or by its newer name `num_local_experts`. */
export function expertsOf(fields: ConfigFields): number {
  const experts = fields.number('num_experts');
  const newer = fields.numberOrNone('num_local_experts') ?? experts;
  if (newer !== experts && fields.given('num_experts') !== undefined) {
    throw wrong(fields.where, 'num_local_experts', `${experts}, as num_experts`, newer);
  }
  return newer;
}

export const withoutBias = (fields: ConfigFields) =>
  contradiction(fields.where, 'attention_bias', true, false, `${fields.architecture} has no biases`);
