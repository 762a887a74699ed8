import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { createEncoder } from '@arrowsmith/bpe';
import { generationParameters } from '@arrowsmith/generation';
import { decoderConfig, initialWeights, modelParameters, tensorsOf } from '@arrowsmith/model';
import { useBackend } from '@arrowsmith/engine';
import { streamText, type TextModel } from './stream-text.ts';

/** A token for each byte, so that every character beyond ASCII is several tokens; the last one ends a text. */
const END = 256;
const encoder = createEncoder({
  vocabulary: Array.from({ length: 257 }, (_, id) =>
    id === END ? new TextEncoder().encode('<end>') : Uint8Array.of(id),
  ),
  merges: [],
  pattern: 'gpt2',
  specialTokens: [{ id: END, content: '<end>' }],
});
const config = decoderConfig(
  modelParameters.parse({ hiddenSize: 8, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 8, initializerRange: 0.3 }),
  { vocabularySize: 257, contextLength: 24 },
);
let loaded: TextModel;
const sampling = generationParameters.parse({ temperature: 1, maximumTokens: 10_000, seed: 2 });

beforeAll(async () => {
  await useBackend('cpu');
  const parameters = tensorsOf(initialWeights(config, 4));
  loaded = { model: { config, parameters }, encoder, endOfText: END };
});

async function stream(prompt: string, changes: object = {}, signal = new AbortController().signal) {
  const pieces: string[] = [];
  const onText = (text: string): void => void pieces.push(text);
  const streamed = await streamText(loaded, { prompt, parameters: { ...sampling, ...changes }, onText, signal });
  return { ...streamed, pieces };
}

test('text comes in pieces of whole characters until the context is full', async () => {
  const { pieces, end, tokens, prompt, firstAt, lastAt } = await stream('é');
  expect(prompt).toEqual({ tokens: 2, seen: 2 });
  expect(end).toBe('context');
  expect(tokens).toBe(24 - 3 + 1); // behind the end of text and two bytes; the last token is not read again
  expect(pieces.every((piece) => piece !== '')).toBe(true);
  expect(lastAt).toBeGreaterThanOrEqual(firstAt!);
});

test('as many tokens as asked for, and no more', async () => {
  expect(await stream('a', { maximumTokens: 3 })).toMatchObject({ tokens: 3, end: 'length' });
});

test('a prompt longer than the context is seen at its end', async () => {
  const { prompt } = await stream('x'.repeat(50), { maximumTokens: 2 });
  expect(prompt).toEqual({ tokens: 50, seen: 22 });
});

test('the model ends a text, and its end is not shown', async () => {
  const ends = new Set<string>();
  for (let seed = 1; seed <= 60; seed++) {
    const { end, pieces } = await stream('', { seed });
    ends.add(end);
    expect(pieces.join('')).not.toContain('<end>');
  }
  expect([...ends].sort()).toEqual(['context', 'model']);
});

test('a signal stops it between two tokens, and leaves no tensor behind', async () => {
  const before = tf.memory().numTensors;
  const controller = new AbortController();
  let count = 0;
  const streamed = await streamText(loaded, {
    prompt: 'a',
    parameters: sampling,
    signal: controller.signal,
    onText: () => ++count === 2 && controller.abort(),
  });
  expect(streamed.end).toBe('stopped');
  expect(streamed.tokens).toBeLessThan(22);
  expect(tf.memory().numTensors).toBe(before);
});
