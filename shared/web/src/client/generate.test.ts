/** @file That a text in a browser has the tokens that `generate` gives. */
import { createEncoder } from '@arrowsmith/bpe';
import { useBackend } from '@arrowsmith/engine';
import { generate as generateHere } from '@arrowsmith/generation/samples';
import { samplingParameters } from '@arrowsmith/generation/sampling';
import { tensorsOf } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { bytesTokenizer, randomModel } from '../random-model.ts';
import { generate, type Generator } from './generate.ts';

const END = 256;
const encoder = createEncoder(bytesTokenizer);
const { config, weights } = randomModel('llama3', { contextLength: 48 });

let model: Generator;
beforeAll(async () => {
  await useBackend('wasm');
  model = { config, parameters: tensorsOf(weights), encoder, endOfText: END };
});

const here = (text: string, asked: object) =>
  generateHere({
    config,
    parameters: model.parameters,
    prompt: [END, ...encoder.encode(text)],
    sampling: samplingParameters.parse(asked),
    stopToken: END,
  });

describe('the same tokens as here', () => {
  test.each([
    ['greedily', { temperature: 0, maximumTokens: 12 }],
    ['by chance', { temperature: 1.3, topK: 30, topP: 0.9, seed: 5, maximumTokens: 12 }],
    ['to the end of the context', { temperature: 0, maximumTokens: 1000 }],
  ])('%s', async (_, options) => {
    const prompt = 'Once upon a time, ';
    const tokens = await here(prompt, options);
    expect(new Set(tokens).size).toBeGreaterThan(5);
    const written = await generate(model, prompt, options);
    expect(written.tokens).toEqual(tokens);
    expect(written.text).toBe(encoder.decode(tokens));
    expect(written.finishReason).toBe(options.maximumTokens > 48 ? 'context' : 'length');
  });
});

test('a long prompt loses its beginning, and says how much', async () => {
  const { prompt, cutTokens, tokens } = await generate(model, 'x'.repeat(200), { temperature: 0, maximumTokens: 10 });
  expect({ read: prompt.length, cutTokens, made: tokens.length }).toEqual({ read: 38, cutTokens: 162, made: 10 });
});

test('pieces are the text, a stop string ends it, and penalties count', async () => {
  const pieces: string[] = [];
  const free = await generate(model, 'a', { temperature: 0, maximumTokens: 20, onText: (piece) => pieces.push(piece) });
  expect(pieces.join('')).toBe(free.text);
  const [stop = ''] = [...free.text].slice(5, 6);
  const stopped = await generate(model, 'a', { temperature: 0, maximumTokens: 20, stop: [stop] });
  expect(stopped.finishReason).toBe('stop');
  expect(stopped.text).toBe(free.text.slice(0, free.text.indexOf(stop)));
  const other = await generate(model, 'a', { temperature: 0, maximumTokens: 20, repetitionPenalty: 1.8 });
  expect(other.tokens).not.toEqual(free.tokens);
  await expect(generate(model, 'a', { topP: 2 })).rejects.toThrow(/topP/);
});

test('other tokens than the end of a text end it, too', async () => {
  const free = await generate(model, 'a', { temperature: 0, maximumTokens: 20 });
  const turn = free.tokens[3]!;
  const ended = await generate({ ...model, endTokens: [turn] }, 'a', { temperature: 0, maximumTokens: 20 });
  expect(ended.finishReason).toBe('model');
  expect(ended.tokens).toEqual(free.tokens.slice(0, free.tokens.indexOf(turn)));
});

test('who stops a text has what there is of it; and no text leaves a tensor behind', async () => {
  const before = tf.memory().numTensors;
  const controller = new AbortController();
  const written = await generate(model, 'a', {
    maximumTokens: 40,
    signal: controller.signal,
    onText: (_, tokens) => tokens >= 4 && controller.abort(),
  });
  expect(written.finishReason).toBe('cancelled');
  expect(written.tokens.length).toBeLessThan(10);
  expect(tf.memory().numTensors).toBe(before);
});
