import { describe, expect, test } from 'vitest';
import { generationParameters } from '@arrowsmith/generation';
import { parameterName, readSampling, samplingOptions } from './sampling-options.ts';

test('without a word, texts are as they were before there were more parameters', () => {
  const { seed: _, ...parsed } = generationParameters.parse(readSampling({}));
  const before = { temperature: 0.8, topK: 0, topP: 0.9, maximumTokens: Number.MAX_SAFE_INTEGER };
  const { seed: __, ...expected } = generationParameters.parse(before);
  expect(parsed).toEqual(expected);
});

test('every parameter of generation can be said', () => {
  const said = Object.keys(samplingOptions).map((name) => (name === 'length' ? 'maximumTokens' : name));
  expect(said.sort()).toEqual(Object.keys(generationParameters.shape).sort());
});

describe('what is written', () => {
  test('is read as numbers, JSON and text with line breaks', () => {
    const written = { minP: '0.1', length: '20', logitBias: '{"5": -100}', stop: ['\\n\\n', 'a\\\\n'] };
    expect(readSampling(written)).toMatchObject({
      minP: 0.1,
      maximumTokens: 20,
      logitBias: { '5': -100 },
      stop: ['\n\n', 'a\\n'],
    });
  });

  test.each([
    [{ minP: '1.5' }, '--minP=1.5'],
    [{ presencePenalty: '-3' }, '--presencePenalty=-3'],
    [{ logitBias: '[1]' }, '--logitBias'],
    [{ logitBias: '{' }, '--logitBias'],
  ])('%o is refused', (written, message) => {
    expect(() => readSampling(written)).toThrow(message);
  });

  test('names a parameter in any case, and the one that is near', () => {
    expect(parameterName('TOPK')).toBe('topK');
    expect(() => parameterName('topKK')).toThrow('did you mean topK?');
  });
});
