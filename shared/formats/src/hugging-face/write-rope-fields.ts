/**
 * @file Rotary positions in both ways of saying them: `rope_theta` beside `rope_scaling`, which version 4 of transformers reads and older programs know,
 * and `rope_parameters`, version 5's. Each version reads its own, and they say the same.
 */
import type { DecoderConfig, RopeConfig, RopeScaling } from '@arrowsmith/model';

type Json = Record<string, unknown>;

/** Of a model with one base in all layers that have positions. Without any such layer a base is still said: some readers want one. */
export function singleRopeFields(config: DecoderConfig): Json {
  const rope = ropeWhere(config, () => true);
  return { ...olderFields(rope), rope_parameters: parametersOf(rope) };
}

/** Of a model whose sliding layers have a base of their own (Gemma 3). */
export function localAndGlobalRopeFields(config: DecoderConfig): Json {
  const local = ropeWhere(config, (window) => window > 0);
  const global = config.layers.some(({ attention }) => attention.window === 0)
    ? ropeWhere(config, (window) => window === 0)
    : local;
  return {
    ...olderFields(global),
    rope_local_base_freq: local.theta,
    rope_parameters: { full_attention: parametersOf(global), sliding_attention: parametersOf(local) },
  };
}

const ANY: RopeConfig = { theta: 10000, interleaved: false };

function ropeWhere({ layers }: DecoderConfig, isOne: (window: number) => boolean): RopeConfig {
  const found = layers.find(({ attention }) => attention.rope !== null && isOne(attention.window));
  return found?.attention.rope ?? ANY;
}

const olderFields = ({ theta, scaling }: RopeConfig): Json => ({
  rope_theta: theta,
  rope_scaling: scaling === undefined ? null : scalingFields(scaling),
});

const parametersOf = ({ theta, scaling }: RopeConfig): Json => ({
  rope_theta: theta,
  ...(scaling === undefined ? { rope_type: 'default' } : scalingFields(scaling)),
});

function scalingFields(scaling: RopeScaling): Json {
  switch (scaling.kind) {
    case 'linear':
      return { rope_type: 'linear', factor: scaling.factor };
    case 'llama3':
      return {
        rope_type: 'llama3',
        factor: scaling.factor,
        low_freq_factor: scaling.lowFrequencyFactor,
        high_freq_factor: scaling.highFrequencyFactor,
        original_max_position_embeddings: scaling.originalContextLength,
      };
    case 'yarn':
      return {
        rope_type: 'yarn',
        factor: scaling.factor,
        original_max_position_embeddings: scaling.originalContextLength,
        beta_fast: scaling.betaFast,
        beta_slow: scaling.betaSlow,
        attention_factor: attentionFactor(scaling),
      };
  }
}

/** Factor of cosines and sines. */
export const attentionFactor = ({ attentionFactor: given, factor }: Extract<RopeScaling, { kind: 'yarn' }>): number =>
  given ?? 0.1 * Math.log(factor) + 1;
