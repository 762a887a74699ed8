/** @file Benchmark: speculative decoding, by a smaller model and by looking up the text so far, against a token at a time. */
import { useBackend } from '@arrowsmith/engine';
import {
  constrainOutput,
  type DraftOptions,
  Engine,
  type EngineModel,
  type GenerationRequest,
  generationParameters,
  regularExpressionAutomaton,
  tokenTrie,
} from '@arrowsmith/generation';
import type { DecoderConfig, Weights } from '@arrowsmith/model';
import { quantizeInt8, storeBfloat16, storeFloat32, storeInt8 } from '@arrowsmith/quantization';
import { runnable } from '@arrowsmith/quantization/model';
import * as tf from '@tensorflow/tfjs-core';
import * as z from 'zod';
import { parseOptions, threadsOption } from './options.ts';
import { CONTEXT, storyModels, type StoryModels } from './speculative/story-models.ts';
import { fixed, median, printTable } from './statistics.ts';

export const description =
  'speculative decoding by a small model and by prompt look-up, tokens/s against a token at a time: [--format=f32] [--turns=5] [--tokens=5]; trains its models first, for minutes';

const formats = {
  f32: storeFloat32,
  bf16: storeBfloat16,
  int8: (tensor: Weights[string]) => storeInt8(quantizeInt8(tensor)),
};

export const options = z.strictObject({
  threads: threadsOption,
  turns: z.coerce.number().int().min(1).default(5).describe('How often each is measured, in turns.'),
  texts: z.coerce.number().int().min(1).default(8).describe('Of each kind, one after the other.'),
  tokens: z.coerce.number().int().min(1).default(5).describe('Of a draft.'),
  format: z.enum(['f32', 'bf16', 'int8']).default('f32').describe('Of the large model’s weights.'),
});

/** What is measured of a task. */
interface Measured {
  /** Tokens a second, in each turn. */
  rates: number[];
  /** All tokens of a turn. */
  ids: string;
  /** The share of drafted tokens that were kept. */
  acceptance: number;
}

const nothing = (): Measured => ({ rates: [], ids: '', acceptance: NaN });

/** Tokens of a text, as many as the context has room for. */
const TOKENS = 230;

/** Tokens of a beginning that the model goes on with. */
const BEGINNING = 16;

export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { threads, turns, texts, tokens, format } = parseOptions(args, options);
  await useBackend('native', { threads });
  const models = await storyModels();
  const [large, small] = [engineModel(models.large, formats[format]), engineModel(models.small, storeFloat32)];
  const drafters: Record<string, DraftOptions | undefined> = {
    'a token at a time': undefined,
    'small model': { by: small, tokens },
    'prompt look-up': { by: 'prompt-lookup', tokens },
  };
  const tasks = tasksOf(models, texts);
  const engines = Object.fromEntries(
    Object.entries(drafters).map(([by, drafts]) => [by, new Engine(large, { sequences: 1, drafts })]),
  );
  const measured = Object.keys(tasks).flatMap((task) =>
    Object.keys(drafters).map((by) => ({ task, by, ...nothing() })),
  );
  for (let turn = 0; turn < turns; turn++) {
    for (const each of measured) {
      const engine = engines[each.by];
      if (engine !== undefined) await write(engine, tasks[each.task] ?? [], each);
    }
  }
  for (const engine of Object.values(engines)) await engine.dispose();
  tf.dispose([large.parameters, small.parameters] as tf.TensorContainer);

  const result: Record<string, unknown> = {};
  let best = { ours: NaN, peer: NaN, ratio: 0 };
  const rows = measured.map(({ task, by, rates, ids, acceptance }) => {
    const plain = measured.find((other) => other.task === task);
    if (plain === undefined || ids !== plain.ids) throw new Error(`${by} changed tokens of ${task}`);
    const ratio = median(rates.map((rate, turn) => rate / (plain.rates[turn] ?? NaN)));
    result[`${task}, ${by}`] = { rate: median(rates), ratio, acceptance };
    if (ratio > best.ratio && plain.by !== by) best = { ours: median(rates), peer: median(plain.rates), ratio };
    return [task, by, fixed(median(rates), 0), fixed(ratio, 2), fixed(acceptance, 2)];
  });
  console.log(
    `stories by a model of ${format}, ${threads} threads, drafts of ${tokens} tokens; all tokens the same as without drafts`,
  );
  printTable(['', 'drafts', 'tokens/s', 'ratio', 'kept'], rows);
  return { ...best, unit: 'tokens/s', threads, format, tokens, ...result };
}

/** Records as a program would ask for them. */
const RECORDS = String.raw`(\{"first_name": "[A-Z][a-z]{2,7}", "favourite_animal": "[a-z]{3,8}", "years_of_age": [0-9]\}\n){9}`;

/** What is written: a story, likeliest tokens or drawn ones; one that was told before, once more; and records, whose form is prescribed. */
function tasksOf({ encoder, endOfText, heldOut }: StoryModels, texts: number): Record<string, GenerationRequest[]> {
  const parametersOf = (temperature: number) =>
    generationParameters.parse({ temperature, maximumTokens: TOKENS, topP: temperature === 0 ? 1 : 0.95 });
  const stories = heldOut.slice(0, texts).map((story) => [endOfText, ...encoder.encode(story)]);
  const beginnings = stories.map((story) => story.slice(0, BEGINNING));
  const again = stories.map((story) => [...story.slice(0, CONTEXT / 2), ...story.slice(0, BEGINNING)]);
  const requests = (prompts: number[][], temperature: number) =>
    prompts.map((prompt) => ({ prompt, parameters: parametersOf(temperature) }));
  const vocabulary = Array.from({ length: encoder.vocabularySize }, (_, id) => encoder.tokenBytes(id));
  const trie = tokenTrie(vocabulary, [endOfText]);
  const form = constrainOutput(regularExpressionAutomaton(RECORDS), trie, [endOfText]);
  return {
    'stories, likeliest tokens': requests(beginnings, 0),
    'stories, drawn tokens': requests(beginnings, 0.8),
    'a story again': requests(again, 0),
    'records, likeliest tokens': requests(beginnings, 0).map((request) => ({ ...request, constraints: [form] })),
    'records, drawn tokens': requests(beginnings, 0.8).map((request) => ({ ...request, constraints: [form] })),
  };
}

/** Writes texts one after the other; tokens a second, from the first token of each on. */
async function write(engine: Engine, requests: readonly GenerationRequest[], measured: Measured): Promise<void> {
  const ids: number[] = [];
  const before = engine.state().drafts;
  let [tokens, milliseconds] = [0, 0];
  for (const request of requests) {
    let began: number | undefined;
    for await (const event of engine.generate(request)) {
      if (event.kind !== 'token') continue;
      ids.push(event.id);
      if (began !== undefined) tokens++;
      began ??= performance.now();
    }
    milliseconds += performance.now() - (began ?? NaN);
  }
  const { drafted, accepted } = engine.state().drafts;
  measured.rates.push((1000 * tokens) / milliseconds);
  measured.ids = ids.join();
  measured.acceptance = (accepted - before.accepted) / (drafted - before.drafted);
}

function engineModel(
  { config, weights }: { config: DecoderConfig; weights: Weights },
  store: (typeof formats)[keyof typeof formats],
): EngineModel {
  const stored = Object.entries(weights).map(([name, tensor]) => [
    name,
    tensor.shape.length < 2 ? storeFloat32(tensor) : store(tensor),
  ]);
  return { config, parameters: runnable(config, Object.fromEntries(stored)) };
}
