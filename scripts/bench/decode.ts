/** @file Benchmark: generation with the 15M-parameter shape of llama2.c, token by token and in batches, against run.c and the machine's memory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@arrowsmith/engine';
import { Engine, type EngineModel, type GenerationParameters, generationParameters } from '@arrowsmith/generation';
import { decoderConfig, initialWeights, modelParameters, type Weights } from '@arrowsmith/model';
import { quantizeInt8, storeAs, storeBfloat16, storeFloat32, storeInt8 } from '@arrowsmith/quantization';
import { type ActivationPrecision, withActivations } from '@arrowsmith/quantization/activations';
import { runnable } from '@arrowsmith/quantization/model';
import * as tf from '@tensorflow/tfjs-core';
import * as z from 'zod';
import { $ } from 'zx';
import { hasLlamaCpp, llamaCpp, writeLlamaCppModel } from './decode/llama-cpp.ts';
import { compileRunC, runC, writeRunCModel } from './decode/llama2-c.ts';
import { parseOptions, threadsOption } from './options.ts';
import { fixed, median, printTable } from './statistics.ts';

export const description =
  'generation with llama2.c’s 15M shape, tokens/s, against run.c (LLAMA2_C=run.c), llama.cpp (PYTHON with llama-cpp-python) and the memory’s rate: [--threads=all] [--turns=5] [--batch=32]';

export const options = z.strictObject({
  threads: threadsOption,
  turns: z.coerce.number().int().min(1).default(5).describe('How often each is measured, in turns.'),
  batch: z.coerce.number().int().min(1).default(32).describe('Texts that are written at once.'),
  tokens: z.coerce.number().int().min(2).max(255).default(255).describe('Of a text.'),
});

const config = decoderConfig(
  modelParameters.parse({
    family: 'llama3',
    hiddenSize: 288,
    layers: 6,
    heads: 6,
    kvHeads: 6,
    intermediateSize: 768,
    ropeTheta: 10_000,
  }),
  { vocabularySize: 32_000, contextLength: 256 },
);

const formats = {
  f32: storeFloat32,
  bf16: storeBfloat16,
  int8: (tensor: Weights[string]) => storeInt8(quantizeInt8(tensor)),
  'int4-g32': (tensor: Weights[string]) => storeAs('int4-g32', tensor),
};
type Format = keyof typeof formats;

/** Each format with activations as they are, and with those of int8 where it has integers. */
const ways = (Object.keys(formats) as Format[]).flatMap((format) => {
  const isOfIntegers = format.startsWith('int');
  const plain = { name: format as string, format, activations: 'f32' as const };
  return isOfIntegers ? [plain, { name: `${format} by int8`, format, activations: 'int8' as const }] : [plain];
});

/** What programs of this field draw by where nobody says how (llama.cpp). The likeliest token alone is chosen without looking at the others. */
const SAMPLED = { temperature: 0.8, topK: 40, topP: 0.95 };

/** What is measured, in tokens a second, by name. */
type Rates = Record<string, number[]>;

export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { threads, turns, batch, tokens } = parseOptions(args, options);
  await useBackend('native', { threads });
  const weights = initialWeights(config, 1);
  const models = ways.map(({ name, format, activations }) => ({ name, model: modelOf(weights, format, activations) }));
  const folder = await mkdtemp(join(tmpdir(), 'bench-decode-'));
  const rates: Rates = {};
  const note = (name: string, rate: number) => (rates[name] ??= []).push(rate);
  const bytes = 4 * Object.values(weights).reduce((sum, { data }) => sum + data.length, 0);
  try {
    const reader = join(folder, 'read-bandwidth');
    const source = join(import.meta.dirname, 'decode', 'read-bandwidth.cc');
    await $({ quiet: true })`g++ -O3 -march=native -pthread ${source} -o ${reader}`;
    const runCSource = process.env['LLAMA2_C'];
    const peer = runCSource === undefined ? undefined : await compileRunC(runCSource, folder);
    const files = writeRunCModel(config, weights, folder);
    const gguf = (await hasLlamaCpp()) ? await writeLlamaCppModel(config, weights, folder) : undefined;
    for (let turn = 0; turn < turns; turn++) {
      const { stdout } = await $({ quiet: true })`${reader} ${bytes} ${threads} 0.5`;
      note('memory', Number.parseFloat(stdout));
      if (peer !== undefined) note('run.c', await runC(peer, files, threads));
      if (gguf !== undefined) note('llama.cpp', await llamaCpp(gguf, threads, tokens));
      for (const { name, model } of models) {
        note(`${name} single`, await decodeRate(model, 1, tokens));
        note(`${name} batch`, await decodeRate(model, batch, tokens));
        note(`${name} prompt`, await promptRate(model));
      }
      const [plain] = models;
      note('f32 single, drawn', await decodeRate(plain!.model, 1, tokens, SAMPLED));
      note('f32 batch, drawn', await decodeRate(plain!.model, batch, tokens, SAMPLED));
    }
  } finally {
    await rm(folder, { recursive: true });
    for (const { model } of models) tf.dispose(model.parameters as tf.TensorContainer);
  }

  const rate = (name: string): number => median(rates[name] ?? []);
  const single = rate('f32 single');
  const gigabytes = rate('memory') / 1e9;
  console.log(
    `generation, llama2.c’s 15M shape (${(bytes / 1e6).toFixed(0)} MB in f32), ${threads} threads; reading them once takes 1/${((gigabytes * 1e9) / bytes).toFixed(0)} s (${gigabytes.toFixed(1)} GB/s)`,
  );
  printTable(
    ['', 'tokens/s', 'ratio'],
    [
      ...ways.flatMap(({ name }) =>
        (
          [
            ['single', 'one text'],
            ['batch', `${batch} texts`],
            ['prompt', 'prompts'],
          ] as const
        ).map(([what, described]) => [
          `${name}, ${described}`,
          fixed(rate(`${name} ${what}`), 0),
          `${fixed(rate(`${name} ${what}`) / rate(`f32 ${what}`), 2)} of f32`,
        ]),
      ),
      ...(
        [
          ['single', 'one text'],
          ['batch', `${batch} texts`],
        ] as const
      ).map(([what, described]) => [
        `f32, ${described}, drawn`,
        fixed(rate(`f32 ${what}, drawn`), 0),
        `${fixed(rate(`f32 ${what}, drawn`) / rate(`f32 ${what}`), 2)} of the likeliest`,
      ]),
      ...(['run.c', 'llama.cpp'] as const).map((peer) => [
        peer,
        fixed(rate(peer), 0),
        `ours ${fixed(single / rate(peer), 2)} of it`,
      ]),
    ],
  );
  return {
    ours: single,
    peer: Number.isNaN(rate('run.c')) ? null : rate('run.c'),
    ratio: Number.isNaN(rate('run.c')) ? null : single / rate('run.c'),
    unit: 'tokens/s',
    threads,
    llamaCppRatio: Number.isNaN(rate('llama.cpp')) ? null : single / rate('llama.cpp'),
    int8OverF32: rate('int8 single') / single,
    int4OverF32: rate('int4-g32 single') / single,
    int8ByInt8OverF32: rate('int8 by int8 single') / single,
    int4ByInt8OverF32: rate('int4-g32 by int8 single') / single,
    bf16OverF32: rate('bf16 single') / single,
    batch32OverSingle: rate('f32 batch') / single,
    drawnOverLikeliest: rate('f32 single, drawn') / single,
    drawnBatchOverLikeliest: rate('f32 batch, drawn') / rate('f32 batch'),
    int8ByInt8BatchOverF32: rate('int8 by int8 batch') / rate('f32 batch'),
    int4ByInt8BatchOverF32: rate('int4-g32 by int8 batch') / rate('f32 batch'),
    shareOfBandwidth: (single * bytes) / rate('memory'),
    promptTokens: rate('f32 prompt'),
  };
}

function modelOf(weights: Weights, format: Format, activations: ActivationPrecision): EngineModel {
  const stored = Object.entries(weights).map(([name, tensor]) => [
    name,
    tensor.shape.length < 2 ? storeFloat32(tensor) : formats[format](tensor),
  ]);
  const parameters = runnable(config, Object.fromEntries(stored));
  return { config, parameters: withActivations(parameters, activations, format) };
}

/** Tokens a second of several texts that are written at once, from a token each; from the first of all tokens on. */
async function decodeRate(
  model: EngineModel,
  batch: number,
  tokens: number,
  chosen: Partial<GenerationParameters> = { temperature: 0 },
): Promise<number> {
  const parameters = generationParameters.parse({ ...chosen, maximumTokens: tokens });
  const engine = new Engine(model, { sequences: batch, cacheBytes: batch * 256 * 4 * 2 * 288 * 6 });
  let [count, first, last] = [0, 0, 0];
  const texts = Array.from({ length: batch }, async (_, i) => {
    for await (const event of engine.generate({ prompt: [i + 1], parameters })) {
      if (event.kind !== 'token') continue;
      last = performance.now();
      if (count++ < batch) first = last;
    }
  });
  await Promise.all(texts);
  await engine.dispose();
  return (1000 * (count - batch)) / (last - first);
}

/** Tokens a second of prompts that fill the context. */
async function promptRate(model: EngineModel): Promise<number> {
  const parameters = generationParameters.parse({ temperature: 0, maximumTokens: 1 });
  const engine = new Engine(model, { sequences: 8 });
  const started = performance.now();
  const prompts = Array.from({ length: 8 }, async (_, i) => {
    const prompt = Array.from({ length: 256 }, (__, j) => (i * 1000 + 7 * j) % 32_000);
    for await (const event of engine.generate({ prompt, parameters })) if (event.kind === 'end') break;
  });
  await Promise.all(prompts);
  await engine.dispose();
  return (1000 * 8 * 256) / (performance.now() - started);
}
