import { decoderConfig, modelParameters, parameterShapes } from '@arrowsmith/model';
import { expect, test } from 'vitest';
import { formatByName } from './format-rules.ts';

const sizes = { vocabularySize: 64, contextLength: 16 };
const small = { hiddenSize: 32, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 32 };
const configOf = (changes: object) => decoderConfig(modelParameters.parse({ ...small, ...changes }), sizes);

const rules = {
  embeddings: 'Q8_0',
  output: 'Q6_K',
  attention: 'Q5_K',
  feedForward: 'Q4_0',
  experts: 'Q2_K',
  router: 'f32',
};

test('each part of a model has its format, and what is no such part the default', () => {
  const config = configOf({ family: 'qwen3-moe', tieWordEmbeddings: false, moe: { experts: 4, topK: 2 } });
  const formatOf = formatByName(config, 'int8', rules);
  expect(Object.fromEntries(parameterShapes(config).map(({ name }) => [name, formatOf(name)]))).toMatchObject({
    'model.embed_tokens.weight': 'Q8_0',
    'lm_head.weight': 'Q6_K',
    'model.layers.0.self_attn.q_proj.weight': 'Q5_K',
    'model.layers.0.mlp.gate.weight': 'f32',
    'model.layers.0.mlp.experts.down_proj.weight': 'Q2_K',
    'model.norm.weight': 'int8',
  });
  expect(formatByName(configOf({}), 'int8', rules)('model.layers.0.mlp.down_proj.weight')).toBe('Q4_0');
});

test('a table that is the output layer’s matrix, too, is of embeddings first', () => {
  const tied = configOf({ tieWordEmbeddings: true });
  const of = (some: object) => formatByName(tied, 'int8', some)('model.embed_tokens.weight');
  expect(of(rules)).toBe('Q8_0');
  expect(of({ output: 'Q6_K' })).toBe('Q6_K');
  expect(of({})).toBe('int8');
});
