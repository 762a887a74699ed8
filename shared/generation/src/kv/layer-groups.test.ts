import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kvCacheBytesPerToken } from '@arrowsmith/model';
import { firstVisible, groupsOf, mostVisible, ownerOf, tokenElements } from './layer-groups.ts';
import { configOfLayers, publishedConfig } from './testing/configs.ts';

const layersOf = (...layers: Parameters<typeof configOfLayers>[0]) =>
  groupsOf(configOfLayers(layers, 24)).map((group) => group.layers);

describe('layers are in one group', () => {
  test('if they see alike', () => {
    expect(layersOf({ window: 5 }, {}, { window: 5 }, { chunk: 5 }, { window: 6 }, {})).toEqual([
      [0, 2],
      [1, 5],
      [3],
      [4],
    ]);
  });

  test('and their keys have one shape', () => {
    expect(layersOf({ headDim: 2, kvHeads: 3 }, { headDim: 3, kvHeads: 2 }, { headDim: 2, kvHeads: 3 })).toEqual([
      [0, 2],
      [1],
    ]);
  });

  test('a window or a chunk as long as the context limits nothing', () => {
    expect(layersOf({ window: 24 }, { chunk: 24 }, {}, { window: 23 })).toEqual([[0, 1, 2], [3]]);
  });

  test('unless they use the keys of an earlier one, and have none', () => {
    expect(layersOf({ window: 5 }, {}, { window: 5, keysOfLayer: 0 }, { keysOfLayer: 1 })).toEqual([[0], [1]]);
  });
});

test('of keys that several layers use, as much is kept as all of them see', () => {
  const config = configOfLayers([{ window: 5 }, { window: 5 }, { keysOfLayer: 0 }, { keysOfLayer: 2 }], 24);
  expect(groupsOf(config)).toMatchObject([
    { layers: [0], window: 0 },
    { layers: [1], window: 5 },
  ]);
  expect(config.layers.map((_, layer) => ownerOf(config, layer))).toEqual([0, 1, 0, 0]);
});

test.each([
  ['llama3', 'Llama 3.1 8B', ['32 × all']],
  ['gemma3', 'Gemma 3 1B', ['22 × window 512', '4 × all']],
  ['gemma3n', 'Gemma 3n E2B', ['16 × window 512', '4 × all']],
  ['llama4', 'Llama 4 Scout', ['36 × chunk 8192', '12 × all']],
  ['command-a', 'Command A', ['48 × window 4096', '16 × all']],
] as const)('the groups of %s: %s', (family, name, expected) => {
  const config = publishedConfig(family, name, 32768);
  const groups = groupsOf(config);
  const shown = groups.map(({ layers, window, chunk }) => {
    const span = window > 0 ? `window ${window}` : chunk > 0 ? `chunk ${chunk}` : 'all';
    return `${layers.length} × ${span}`;
  });
  expect(shown).toEqual(expected);
  const kept = groups.map((group) => 4 * tokenElements(group) * mostVisible(group, config.contextLength));
  expect(kept.reduce((sum, bytes) => sum + bytes, 0)).toBeCloseTo(32768 * kvCacheBytesPerToken(config), 0);
});

test('a query sees from the first visible position on, and so do those after it at most', () => {
  const span = fc.nat({ max: 9 });
  fc.assert(
    fc.property(span, span, fc.nat({ max: 40 }), fc.nat({ max: 40 }), (window, chunk, query, key) => {
      const isInWindow = window === 0 || query - key < window;
      const isInChunk = chunk === 0 || Math.floor(key / chunk) === Math.floor(query / chunk);
      const sees = key <= query && isInWindow && isInChunk;
      expect(key <= query && key >= firstVisible({ window, chunk }, query)).toBe(sees);
      expect(firstVisible({ window, chunk }, query + 1)).toBeGreaterThanOrEqual(firstVisible({ window, chunk }, query));
      const seen = query + 1 - firstVisible({ window, chunk }, query);
      expect(seen).toBeLessThanOrEqual(mostVisible({ window, chunk }, 41));
    }),
  );
});
