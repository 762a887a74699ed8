import { kvMemories } from '@arrowsmith/generation';
import { describe, expect, test } from 'vitest';
import { engineOptions, readEngine } from './engine-options.ts';

describe('options of an engine', () => {
  test('have what the engine has without them', () => {
    expect(readEngine({})).toEqual({
      engine: { cache: 'heterogeneous', cachePrecision: 'f32' },
      activations: 'f32',
      draft: undefined,
      draftTokens: undefined,
    });
  });

  test('name every way to manage memory, and are handed on', () => {
    for (const cache of Object.keys(kvMemories)) {
      expect(engineOptions.cache.description).toContain(cache);
      expect(
        readEngine({
          cache,
          cachePrecision: 'int8',
          contextLength: '256',
          activations: 'int8',
          draft: 'prompt',
          draftTokens: '3',
        }),
      ).toEqual({
        engine: { cache, cachePrecision: 'int8', contextLength: 256 },
        activations: 'int8',
        draft: 'prompt',
        draftTokens: 3,
      });
    }
  });

  test.each([
    [{ cache: 'page' }, 'contiguous, paged, heterogeneous'],
    [{ cachePrecision: 'int4' }, 'f32, int8'],
    [{ cachePrecision: '' }, 'nothing'],
    [{ activations: 'int4' }, 'f32, int8'],
    [{ contextLength: '0' }, 'a whole number of at least 1'],
    [{ draft: 'prompt', draftTokens: '0' }, 'a whole number of at least 1'],
    [{ draft: 'prompt', draftTokens: 'many' }, 'many'],
  ])('refuse %o', (written, message) => {
    expect(() => readEngine(written)).toThrow(message);
  });
});
