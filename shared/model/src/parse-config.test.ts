import { UserError } from '@arrowsmith/errors';
import { describe, expect, test } from 'vitest';
import { decoderConfig } from './architecture.ts';
import { families } from './families/index.ts';
import { modelParameters } from './model-parameters.ts';
import { parseDecoderConfig } from './parse-config.ts';

const configOf = (family: string) =>
  decoderConfig(modelParameters.parse({ family }), { vocabularySize: 13, contextLength: 12 });

test.each(Object.keys(families))('a configuration of %s is read as it was written', (family) => {
  const config = configOf(family);
  expect(parseDecoderConfig(JSON.stringify(config), 'x.arrow')).toEqual(config);
});

describe('what is damaged is named', () => {
  test.each<[string, string | undefined, RegExp]>([
    ['nothing', undefined, /no configuration/],
    ['text', 'abc', /not JSON/],
    ['a list', '[]', /configuration whose value is wrong/],
    ['a number', '5', /configuration whose value is wrong/],
    ['no layers', JSON.stringify({ ...configOf('llama3'), layers: [] }), /layers/],
    ['layers that are none', JSON.stringify({ ...configOf('llama3'), layers: [{}] }), /layers\.0\.attention/],
    ['a negative size', JSON.stringify({ ...configOf('llama3'), hiddenSize: -1 }), /hiddenSize/],
    ['an activation', JSON.stringify(configOf('llama3')).replaceAll('silu', 'constructor'), /activation/],
  ])('%s', (_, text, message) => {
    const parse = () => parseDecoderConfig(text, 'x.arrow');
    expect(parse).toThrow(UserError);
    expect(parse).toThrow(message);
  });
});
