/** @file Passes that are recorded on the backend webgpu: the bits of those that JavaScript runs anew. */
import { useBackend } from '@arrowsmith/engine';
import { decoderConfig, families, initialWeights, modelParameters, tensorsOf } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { ModelPasses, openStore } from './model-passes.ts';

beforeAll(() => useBackend('webgpu'));
afterEach(() => void vi.restoreAllMocks());

const CONTEXT = 24;
const sizes = { hiddenSize: 16, layers: 3, heads: 4, kvHeads: 2, intermediateSize: 16, window: 5, chunk: 8 };

/** What these tests need of the backend. */
interface RecordingBackend {
  record(f: () => tf.TensorContainer): unknown;
  gpuMemory(): { inUse: number };
}

/** The logits of texts that grow by a token in each pass: two at first, one of which ends, and of which another takes the place. */
async function grown(family: keyof typeof families): Promise<number[][]> {
  const config = decoderConfig(modelParameters.parse({ ...sizes, family }), {
    vocabularySize: 13,
    contextLength: CONTEXT,
  });
  const parameters = tensorsOf(initialWeights(config, 3));
  const store = openStore(config, { contextLength: CONTEXT, contexts: 3, blockSize: 4 });
  const passes = new ModelPasses({ config, parameters }, store);
  const { memory } = store;
  const add = (tokens: number[]) => {
    const kv = memory.add(tokens);
    if (kv === undefined) throw new Error('there is no room');
    return kv;
  };
  const logits: number[][] = [];
  let texts = [add([1]), add([5])];
  for (let step = 0; step < 2 * CONTEXT - 12; step++) {
    if (step === CONTEXT - 8) {
      memory.free(texts[0]!);
      texts = [texts[1]!];
      memory.free(texts[0]!);
      texts = [add([7])];
    }
    const members = texts.map((kv, i) => {
      if (memory.extend(kv, 1) === undefined) throw new Error('there is no room');
      return { kv, tokens: [(3 * step + 5 * i) % 13], wanted: [0] };
    });
    for (const scores of await passes.compute(members)) logits.push(...scores.map((each) => [...each.logits]));
    for (const { kv, tokens } of members) memory.commit(kv, tokens);
  }
  await passes.dispose();
  tf.dispose(parameters);
  return logits;
}

/** Windows and chunks; experts; what the others have not. */
test.each(['llama3', 'llama4', 'qwen3-moe', 'gemma3n'] as const)('%s', async (family) => {
  const backend = tf.backend() as tf.KernelBackend & RecordingBackend;
  const before = [tf.memory().numTensors, backend.gpuMemory().inUse];
  const record = vi.spyOn(backend, 'record');
  const found = await grown(family);
  const recordings = record.mock.results.filter(({ type }) => type === 'return').length;
  record.mockRestore();
  Object.defineProperty(backend, 'record', { value: undefined, configurable: true });
  const expected = await grown(family);
  delete (backend as Partial<RecordingBackend>).record;
  expect(found).toEqual(expected);
  expect(recordings).toBe(2); // of one text, and of two
  expect([tf.memory().numTensors, backend.gpuMemory().inUse]).toEqual(before);
});
