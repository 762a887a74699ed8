import { useBackend } from '@arrowsmith/engine';
import { UserError } from '@arrowsmith/errors';
import { attendCached, decoderConfig, initialWeights, modelParameters, tensorsOf } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { generationParameters } from '../sampling/index.ts';
import type { KvSequence } from '../kv/index.ts';
import { Engine } from './engine.ts';
import type { EngineOptions } from './engine-options.ts';
import { KvStore } from './kv-store.ts';
import { type AttentionTier, KeysLost, type RemoteKvStore } from './sequence-store.ts';

beforeAll(() => useBackend('cpu'));

const sizes = { hiddenSize: 8, layers: 2, heads: 2, kvHeads: 1, intermediateSize: 8, initializerRange: 0.3 };
const config = decoderConfig(modelParameters.parse(sizes), { vocabularySize: 17, contextLength: 32 });
const requests = [1, 2, 3].map((seed) => ({
  prompt: [seed, 4, 5, 6, seed],
  parameters: generationParameters.parse({ temperature: 1, seed, maximumTokens: 6 }),
}));

/** A tier in this process. @param isLost whether the memory of a pass's first sequence is lost in it, by the pass's number from 1 on */
function tierThatLoses(isLost: (pass: number) => boolean): AttentionTier {
  return {
    open(ofModel, memory, precision): RemoteKvStore {
      const store = new KvStore(ofModel, memory(), precision);
      const lost = new WeakSet<KvSequence>();
      let passes = 0;
      return {
        blockSize: store.blockSize,
        add: (...prompt) => store.add(...prompt),
        extend: (sequence, count) => store.extend(sequence, count),
        commit: (sequence, tokens) => store.commit(sequence, tokens),
        fork: (sequence) => store.fork(sequence),
        free: (sequence) => store.free(sequence),
        swapOut: (sequence) => store.swapOut(sequence),
        use: () => store.use(),
        check: () => store.check(),
        dispose: () => store.dispose(),
        isBeside: () => true,
        isLost: (sequence) => lost.has(sequence),
        pass(members) {
          const pass = store.pass(members);
          const isThisLost = isLost(++passes);
          const [first] = members;
          if (isThisLost && first !== undefined) lost.add(first.kv);
          return {
            positions: pass.positions,
            async attend(layer, inputs) {
              if (isThisLost && layer === 1) throw new KeysLost('gone');
              return tf.tidy(() => attendCached(config.layers[layer]!.attention, layer, inputs, pass));
            },
          };
        },
      };
    },
  };
}

async function write(engine: Engine, request: (typeof requests)[number]): Promise<number[]> {
  const ids: number[] = [];
  for await (const event of engine.generate(request)) if (event.kind === 'token') ids.push(event.id);
  return ids;
}

async function textsWith(options: EngineOptions): Promise<PromiseSettledResult<number[]>[]> {
  const parameters = tensorsOf(initialWeights(config, 1));
  const tensors = tf.memory().numTensors;
  const engine = new Engine({ config, parameters }, { blockSize: 4, ...options });
  const texts = await Promise.allSettled(requests.map((request) => write(engine, request)));
  engine.check();
  expect(engine.state()).toMatchObject({ running: 0, waiting: 0, memory: { held: 0 } });
  await engine.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
  return texts;
}

test.each([
  ['now and then', (pass: number) => pass % 3 === 0],
  ['five times in a row', (pass: number) => pass > 2 && pass < 8],
])('memory that is lost %s is computed anew: the same tokens', async (_, isLost) => {
  const alone = await textsWith({});
  expect(await textsWith({ attention: tierThatLoses(isLost) })).toEqual(alone);
  expect(await textsWith({ attention: tierThatLoses(isLost), drafts: { by: 'prompt-lookup' } })).toEqual(alone);
});

test('a text whose memory is always lost fails, and says so; nothing is left of it', async () => {
  const texts = await textsWith({ attention: tierThatLoses(() => true) });
  for (const text of texts) {
    expect(text).toMatchObject({ status: 'rejected', reason: expect.any(UserError) });
    expect(text).toHaveProperty('reason.message', expect.stringContaining('lost again and again'));
  }
});
