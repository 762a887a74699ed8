/** @file Tests of the config.json of every family: what is written is read as the same model. */
import { decoderConfig, families, type DecoderConfig, type ModelParameters } from '@arrowsmith/model';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configJson } from './config-json.ts';
import { differences } from '../differences.ts';
import { readHuggingFaceConfig } from './read-model.ts';
import { huggingFaceConfig } from './write-config.ts';
import { readdirSync } from 'node:fs';

const FIXTURES = 'test/fixtures/families';
const DATA = { vocabularySize: 512, contextLength: 64 };

const configOf = (parameters: Partial<ModelParameters>): DecoderConfig =>
  decoderConfig({ family: 'llama3', ...parameters } as ModelParameters, DATA);

describe('config.json', () => {
  test.each(Object.keys(families))('of a miniature of %s says the whole model', (family) => {
    const config = configOf({ family: family as keyof typeof families });
    const { architecture } = huggingFaceConfig(config);
    expect(architecture.toLowerCase().replace(/forcausallm$/, '')).toBe(
      family === 'llama3' ? 'llama' : family === 'command-a' ? 'cohere2' : family.replace('-', ''),
    );
  });

  test.each(readdirSync(FIXTURES))('of what transformers wrote, %s, is read as the same', async (name) => {
    const config = await readHuggingFaceConfig(join(FIXTURES, name));
    const { json } = huggingFaceConfig(config);
    expect(json['rope_parameters']).toBeDefined();
    expect(json['rope_theta']).toBeDefined();
  });

  test('is that of another architecture, where the family’s cannot say it', () => {
    const of = (parameters: Partial<ModelParameters>) => huggingFaceConfig(configOf(parameters)).architecture;
    expect(of({ attentionPattern: 'S' })).toBe('MistralForCausalLM');
    expect(of({ qkNorm: 'learned' })).toBe('Qwen3ForCausalLM');
    expect(of({ positionPattern: 'RRN', layers: 3 })).toBe('SmolLM3ForCausalLM');
  });

  test('is refused where no architecture computes the same, with what differs', () => {
    expect(() => huggingFaceConfig(configOf({ logitSoftCap: 10 }))).toThrow(/logitSoftCap is 10, not 0/);
    expect(() => huggingFaceConfig(configOf({ layers: 2, activationSparsity: [0.5] }))).toThrow(
      /sparsity is 0.5, not 0/,
    );
  });
});

test('numbers have a fraction where Python wants a float, and none where it wants an int', () => {
  const config = configOf({ family: 'gemma2', logitSoftCap: 30, window: 16 });
  const { architecture, json } = huggingFaceConfig(config);
  const text = configJson(architecture, json);
  expect(JSON.parse(text)).toEqual(json);
  for (const part of ['"final_logit_softcapping": 30.0', '"sliding_window": 16,', '"query_pre_attn_scalar": 32,']) {
    expect(text).toContain(part);
  }
  expect(text).toMatch(/"rope_theta": 10000\.0/);
  const nested = huggingFaceConfig(configOf({ family: 'gemma3n' }));
  expect(configJson(nested.architecture, nested.json)).toMatch(/"activation_sparsity_pattern": \[\s+0\.95,\s+0\.0/);
});

test('what transformers 5 has whole numbers for only, or no null, is refused', () => {
  const of = (parameters: Partial<ModelParameters>) => () => huggingFaceConfig(configOf(parameters));
  expect(of({ family: 'gemma3', attentionScale: 0.3 })).toThrow(/attention\.scale is 0\.3, not 0\.30/);
  expect(of({ family: 'gemma3', attentionScale: 0.25 })).not.toThrow();
  expect(of({ family: 'gemma3n', logitSoftCap: 0 })).toThrow(/logitSoftCap is 0, not 30/);
});

test('what only training knows is no difference; what the forward pass depends on is one', () => {
  const config = configOf({});
  expect(differences(config, { ...config, family: 'other', confineAttention: true })).toEqual([]);
  expect(differences(config, { ...config, logitScale: 2 })).toEqual(['logitScale is 2, not 1']);
  const [first, ...others] = config.layers;
  const other = { ...first!, attention: { ...first!.attention, window: 64 } };
  expect(differences(config, { ...config, layers: [other, ...others] })).toEqual([]); // as long as the context
});
