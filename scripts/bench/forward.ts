/** @file Benchmark: passes forward, of evaluation and of reading prompts, against training of the same model. */
import { useBackend } from '@arrowsmith/engine';
import { Engine, type EngineModel, generationParameters } from '@arrowsmith/generation';
import { forward, initialWeights, type ParameterTensors, tensorsOf } from '@arrowsmith/model';
import { runnable, storeWeights } from '@arrowsmith/quantization/model';
import { splitLoss, type TokenRows } from '@arrowsmith/training';
import * as tf from '@tensorflow/tfjs-core';
import * as z from 'zod';
import { type BenchModel, benchModels, tokensPerStep } from './models.ts';
import { parseOptions, threadsOption } from './options.ts';
import { fixed, median, printTable } from './statistics.ts';
import { trainSession } from './train-session.ts';

const modelNames = ['1M', '7M', '15M', '30M'] as const;

export const description = `passes forward of evaluation and of prompts, tokens/s, against training: [--model=${modelNames.join('|')}] [--threads=all] [--turns=7]`;

export const options = z.strictObject({
  model: z.enum(modelNames).default('7M'),
  threads: threadsOption,
  turns: z.coerce.number().int().min(1).default(7).describe('How often each is measured, in turns.'),
});

export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { model: name, threads, turns } = parseOptions(args, options);
  await useBackend('native', { threads });
  const model = benchModels[name];
  const weights = initialWeights(model.config, 1);
  const parameters = tensorsOf(weights);
  const stored: EngineModel = {
    config: model.config,
    parameters: runnable(model.config, storeWeights(weights)),
  };
  const training = trainSession(model);
  const engine = new Engine(stored, { sequences: model.batchSize, contexts: model.batchSize });
  let turnOfPrompts = 0;
  const ways = {
    training: () => training.series({ steps: 1, seconds: 0, leastSteps: 1 }),
    forward: () => runForward(model, parameters),
    evaluation: () => evaluate(model, parameters),
    // With a salt of its own, no turn finds what another has computed.
    prompts: () => readPrompts(model, engine, `turn ${turnOfPrompts++}`),
  };
  const seconds = Object.fromEntries(Object.keys(ways).map((way) => [way, []])) as unknown as Record<Way, number[]>;
  type Way = keyof typeof ways;
  const names = Object.keys(ways) as Way[];
  for (let turn = -1; turn < turns; turn++) {
    for (const way of names) {
      const started = performance.now();
      await ways[way]();
      if (turn >= 0) seconds[way].push((performance.now() - started) / 1000); // the first turn warms up
    }
  }
  training.dispose();
  await engine.dispose();
  tf.dispose([parameters, stored.parameters as tf.TensorContainer]);

  const rate = (way: Way): number => tokensPerStep(model) / median(seconds[way]);
  console.log(`${name} model, ${tokensPerStep(model)} tokens at a time, ${threads} threads`);
  printTable(
    ['', 'tokens/s', 'ratio'],
    [
      ['training', fixed(rate('training'), 0), ''],
      ['evaluation', fixed(rate('evaluation'), 0), `${fixed(rate('evaluation') / rate('training'), 2)} of training`],
      ['training’s forward pass', fixed(rate('forward'), 0), ''],
      ['prompts', fixed(rate('prompts'), 0), `${fixed(rate('prompts') / rate('forward'), 2)} of that`],
    ],
  );
  return {
    ours: rate('evaluation'),
    peer: rate('training'),
    ratio: rate('evaluation') / rate('training'),
    unit: 'tokens/s',
    model: name,
    threads,
    forward: rate('forward'),
    prompts: rate('prompts'),
    promptsOverForward: rate('prompts') / rate('forward'),
  };
}

/** Ids without a pattern, a row for each of a step’s sequences. */
function idsOf({ config: { contextLength, vocabularySize } }: BenchModel, row: number): Int32Array {
  return Int32Array.from({ length: contextLength }, (_, i) => (row * 1000 + 7 * i + i * i) % vocabularySize);
}

async function runForward(model: BenchModel, parameters: ParameterTensors): Promise<void> {
  const { config, batchSize } = model;
  const inputs = new Int32Array(tokensPerStep(model));
  for (let row = 0; row < batchSize; row++) inputs.set(idsOf(model, row), row * config.contextLength);
  const hidden = tf.tidy(() =>
    forward(config, parameters, tf.tensor2d(inputs, [batchSize, config.contextLength], 'int32')),
  );
  await hidden.data();
  hidden.dispose();
}

async function evaluate(model: BenchModel, parameters: ParameterTensors): Promise<void> {
  const { config, batchSize } = model;
  const rows: TokenRows = {
    rows: batchSize,
    contextLength: config.contextLength,
    read: async (indices) => {
      const inputs = new Int32Array(indices.length * config.contextLength);
      for (const [place, row] of indices.entries()) inputs.set(idsOf(model, row), place * config.contextLength);
      return { inputs, targets: inputs };
    },
  };
  await splitLoss({ config, parameters, rows, batchSize });
}

/** Prompts that fill the context, of which the last token’s logits are wanted. */
async function readPrompts(model: BenchModel, engine: Engine, salt: string): Promise<void> {
  const parameters = generationParameters.parse({ temperature: 0, maximumTokens: 1 });
  const prompts = Array.from({ length: model.batchSize }, async (_, row) => {
    for await (const event of engine.generate({ prompt: [...idsOf(model, row)], parameters, salt })) {
      if (event.kind === 'end') break;
    }
  });
  await Promise.all(prompts);
}
