import { resolveBackend, useBackend } from '@arrowsmith/engine';
import {
  decoderConfig,
  forward,
  initialWeights,
  logits,
  modelParameters,
  storableParameters,
  type Parameters,
} from '@arrowsmith/model';
import { storedMatrix } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { beamSearch, logSoftmax } from '../sampling/index.ts';
import { ModelPasses, openStore } from './model-passes.ts';
import { BeamTree, searchBeams } from './search-beams.ts';

const CONTEXT = 32;

describe.each(['llama3', 'gemma3', 'llama4'])('beam search by %s', (family) => {
  const sizes = { hiddenSize: 16, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 16, initializerRange: 0.3 };
  const config = decoderConfig(modelParameters.parse({ family, ...sizes, window: 3, chunk: 4 }), {
    vocabularySize: 29,
    contextLength: CONTEXT,
  });
  const prompt = [3, 1, 4, 1, 5, 9, 2];
  let parameters: Parameters;
  beforeAll(async () => {
    await useBackend(resolveBackend('auto'));
    const storable = storableParameters(config);
    parameters = Object.fromEntries(
      Object.entries(initialWeights(config, 4)).map(([name, { shape, data }]) => [
        name,
        storable.has(name) && resolveBackend('auto') === 'native'
          ? storedMatrix('f32', shape, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
          : tf.tensor(data, shape),
      ]),
    );
  });

  /** Each text from its beginning, by itself. */
  const scoreOf = (tokens: readonly number[]) => {
    const ids = [...prompt, ...tokens];
    const scores = tf.tidy(() => {
      const hidden = forward(config, parameters, tf.tensor2d(ids, [1, ids.length], 'int32'));
      return logits(config, parameters, tf.slice(hidden, [0, ids.length - 1, 0], [1, 1, -1])).dataSync<'float32'>();
    });
    return logSoftmax(scores);
  };

  const searches = [
    { beams: 1, maximumTokens: 8, endTokens: [] },
    { beams: 4, maximumTokens: 12, endTokens: [5, 6], lengthPenalty: 0.5 },
    { beams: 5, maximumTokens: 9, endTokens: [7], earlyStopping: 'never' as const },
    { beams: 3, maximumTokens: 1000, endTokens: [] },
  ];
  const memories = [
    { cache: 'contiguous' as const },
    { cache: 'paged' as const, blockSize: 4 },
    { cache: 'heterogeneous' as const, blockSize: 3, passTokens: 3 },
  ];

  test.each(searches.flatMap((search) => memories.map((memory) => [search, memory] as const)))(
    'finds what scores of one text at a time lead to: %o, %o',
    async (search, memory) => {
      const tensors = tf.memory().numTensors;
      const found = await searchBeams({ config, parameters }, prompt, { ...search, ...memory });
      const maximumTokens = Math.min(search.maximumTokens, CONTEXT - prompt.length + 1);
      const expected = await beamSearch((beams) => beams.map(({ tokens }) => scoreOf(tokens)), {
        ...search,
        maximumTokens,
      });
      expect(found.map(({ tokens, ended }) => ({ tokens, ended }))).toEqual(
        expected.map(({ tokens, ended }) => ({ tokens, ended })),
      );
      found.forEach(({ score }, i) => expect(score).toBeCloseTo(expected[i]?.score ?? NaN, 5));
      expect(tf.memory().numTensors).toBe(tensors);
    },
  );

  test('gives all blocks back', async () => {
    const passes = new ModelPasses(
      { config, parameters },
      openStore(config, { contextLength: CONTEXT, contexts: 4, blockSize: 4 }),
    );
    const tree = new BeamTree(passes, prompt, 3);
    await beamSearch(async (beams) => (await tree.read(beams)).map((each) => logSoftmax(each.logits)), {
      beams: 3,
      maximumTokens: 10,
      endTokens: [],
    });
    const { memory } = passes.store;
    memory.check();
    expect(memory.use().held).toBeGreaterThan(0);
    tree.dispose();
    memory.check();
    expect(memory.use()).toMatchObject({ held: 0, stored: 0 });
    passes.dispose();
  });

  test('stops where a signal says so', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    const search = searchBeams({ config, parameters }, prompt, { beams: 2, maximumTokens: 5, endTokens: [], signal });
    await expect(search).rejects.toThrow('enough');
  });
});
