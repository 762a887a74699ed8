import { decoderConfig, modelParameters } from '@arrowsmith/model';
import { expect, test } from 'vitest';
import { boundedMemory } from './bounded-memory.ts';

/** A token has keys and values of 2 · 2 layers · 2 heads · 64 numbers: 2 KiB. */
const configOf = (contextLength: number) =>
  decoderConfig(modelParameters.parse({ hiddenSize: 256, layers: 2, heads: 4, kvHeads: 2, intermediateSize: 8 }), {
    vocabularySize: 17,
    contextLength,
  });
const short = configOf(1024);
const long = configOf(2_000_000);

test('of a short context, memory is taken for eight, or for as many as there are texts', () => {
  expect(boundedMemory(short, {})).toEqual({ contextLength: 1024, contexts: 8 });
  expect(boundedMemory(short, { sequences: 64 })).toEqual({ contextLength: 1024, contexts: 8 });
  expect(boundedMemory(short, { sequences: 3 })).toEqual({ contextLength: 1024, contexts: 3 });
});

test('a long context is cut, unless a longer one is asked for', () => {
  expect(boundedMemory(long, {})).toEqual({ contextLength: 8192, contexts: 8 });
  expect(boundedMemory(long, { contextLength: 100_000 })).toMatchObject({ contextLength: 100_000 });
  expect(boundedMemory(short, { contextLength: 100_000 })).toMatchObject({ contextLength: 1024 });
});

test('there are no more contexts than 1 GiB holds, but one, or those that are asked for', () => {
  expect(boundedMemory(long, { contextLength: 100_000 })).toMatchObject({
    contexts: Math.floor(2 ** 30 / 204_800_000),
  });
  expect(boundedMemory(long, { contextLength: 2_000_000 })).toMatchObject({ contexts: 1 });
  expect(boundedMemory(long, { contextLength: 2_000_000, contexts: 4 })).toMatchObject({ contexts: 4 });
});
