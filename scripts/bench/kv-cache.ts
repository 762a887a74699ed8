/**
 * @file Benchmark: the systems that manage keys and values, on texts of mixed lengths: what they hold and waste, how many texts a budget has room for at
 * once, and how fast all are written. The texts must be the same.
 */
import { useBackend } from '@arrowsmith/engine';
import { Engine, type EngineModel, generationParameters, kvMemories } from '@arrowsmith/generation';
import { decoderConfig, initialWeights, modelParameters } from '@arrowsmith/model';
import { runnable, storeWeights } from '@arrowsmith/quantization/model';
import * as tf from '@tensorflow/tfjs-core';
import * as z from 'zod';
import { parseOptions, threadsOption } from './options.ts';
import { fixed, median, printTable } from './statistics.ts';

export const description =
  'keys and values of texts of mixed lengths, contiguous, paged and heterogeneous: bytes held and wasted, largest batch, tokens/s: [--threads=all] [--requests=48] [--context=2048] [--contexts=6] [--turns=1]';

export const options = z.strictObject({
  threads: threadsOption,
  requests: z.coerce.number().int().min(1).default(48).describe('Texts.'),
  context: z.coerce.number().int().min(64).default(2048).describe('Longest sequence.'),
  contexts: z.coerce.number().min(1).default(6).describe('The budget: so many full contexts in all layers.'),
  turns: z.coerce.number().int().min(1).default(1).describe('How often each is measured, in turns.'),
});

/** Miniatures with the layers' proportions of the published models. */
const families = {
  llama3: { family: 'llama3', layers: 4 },
  gemma3: { family: 'gemma3', layers: 6 },
  llama4: { family: 'llama4', layers: 4 },
  'command-a': { family: 'command-a', layers: 4 },
} as const;
const caches = Object.keys(kvMemories) as (keyof typeof kvMemories)[];

interface Load {
  prompt: number[];
  tokens: number;
}

interface Measured {
  /** Tokens of prompts and texts a second. */
  rate: number;
  /** Texts in memory at once, at most. */
  batch: number;
  /** Means over passes while others wait, as shares of what is held: what no token is in; and the least that is needed. */
  waste: number;
  ideal: number;
  /** Mean bytes held then, and texts in memory. */
  held: number;
  texts: string;
}

export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { threads, requests, context, contexts, turns } = parseOptions(args, options);
  await useBackend('native', { threads });
  const loads = mixedLoads(requests, context);
  const results: Record<string, Record<string, Measured>> = {};
  for (const [name, { family, layers }] of Object.entries(families)) {
    const config = decoderConfig(
      modelParameters.parse({ family, layers, hiddenSize: 128, heads: 4, kvHeads: 2, intermediateSize: 256 }),
      { vocabularySize: 512, contextLength: context },
    );
    const model: EngineModel = { config, parameters: runnable(config, storeWeights(initialWeights(config, 1))) };
    const row = config.layers.reduce((sum, { attention: { kvHeads, headDim } }) => sum + 2 * kvHeads * headDim, 0);
    const budget = contexts * context * row * 4;
    const measured: Record<string, Measured[]> = Object.fromEntries(caches.map((cache) => [cache, []]));
    for (let turn = 0; turn < turns; turn++) {
      for (const cache of caches) measured[cache]?.push(await measure(model, cache, budget, loads));
    }
    tf.dispose(model.parameters as unknown as tf.TensorContainer);
    results[name] = Object.fromEntries(
      caches.map((cache) => {
        const all = measured[cache] ?? [];
        const [first] = all as [Measured];
        return [cache, { ...first, rate: median(all.map(({ rate }) => rate)) }];
      }),
    );
    const texts = new Set(Object.values(results[name] ?? {}).map((each) => each.texts));
    if (texts.size !== 1) throw new Error(`${name}: the texts depend on the cache`);
  }
  console.log(
    `${requests} texts of mixed lengths, context ${context}, room for ${contexts} full contexts, ${threads} threads; the same tokens with all`,
  );
  printTable(
    ['family', 'cache', 'texts at once', 'MB held', 'wasted', 'ideal / held', 'tokens/s'],
    Object.entries(results).flatMap(([name, of]) =>
      Object.entries(of).map(([cache, { rate, batch, waste, ideal, held }]) => [
        name,
        cache,
        String(batch),
        fixed(held / 1e6, 1),
        `${fixed(100 * waste, 1)} %`,
        fixed(ideal, 3),
        fixed(rate, 0),
      ]),
    ),
  );
  const gemma = results['gemma3'];
  return {
    ours: gemma?.['heterogeneous']?.batch ?? null,
    peer: gemma?.['contiguous']?.batch ?? null,
    ratio: (gemma?.['heterogeneous']?.batch ?? NaN) / (gemma?.['contiguous']?.batch ?? NaN),
    unit: 'texts at once',
    results: Object.fromEntries(
      Object.entries(results).map(([name, of]) => [
        name,
        Object.fromEntries(Object.entries(of).map(([cache, { texts: _texts, ...rest }]) => [cache, rest])),
      ]),
    ),
  };
}

/** Prompts of a sixteenth to half of the context, texts of 16 tokens to an eighth of it, both even by the logarithm; the same each time. */
function mixedLoads(count: number, context: number): Load[] {
  let state = 1;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const between = (least: number, most: number): number => Math.floor(least * (most / least) ** random());
  return Array.from({ length: count }, (_, i) => ({
    prompt: Array.from({ length: between(context / 16, context / 2) }, (__, j) => (17 * i + 31 * j + i * j) % 512),
    tokens: between(16, Math.max(17, context / 8)),
  }));
}

async function measure(
  model: EngineModel,
  cache: keyof typeof kvMemories,
  cacheBytes: number,
  loads: readonly Load[],
): Promise<Measured> {
  const engine = new Engine(model, { cache, cacheBytes, sequences: 256 });
  const seen: { waste: number; ideal: number; held: number; running: number }[] = [];
  let batch = 0;
  let passes = 0;
  const look = (): void => {
    const { running, waiting, memory } = engine.state();
    batch = Math.max(batch, running);
    if (waiting === 0 || memory.held === 0 || passes++ % 200 > 0) return; // looking takes time, too
    const { held, stored, ideal } = memory;
    seen.push({ waste: 1 - stored / held, ideal: ideal / held, held, running });
  };
  const started = performance.now();
  const texts = await Promise.all(
    loads.map(async ({ prompt, tokens }) => {
      const ids: number[] = [];
      const parameters = generationParameters.parse({ temperature: 0, maximumTokens: tokens });
      for await (const event of engine.generate({ prompt, parameters, salt: String(prompt[0]) })) {
        if (event.kind !== 'token') continue;
        ids.push(event.id);
        look();
      }
      return ids;
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  await engine.dispose();
  const mean = (of: (each: (typeof seen)[number]) => number): number =>
    seen.reduce((sum, each) => sum + of(each), 0) / seen.length;
  const count = loads.reduce((sum, { prompt }, i) => sum + prompt.length + (texts[i]?.length ?? 0), 0);
  return {
    rate: count / seconds,
    batch,
    waste: mean(({ waste }) => waste),
    ideal: mean(({ ideal }) => ideal),
    held: mean(({ held }) => held),
    texts: JSON.stringify(texts),
  };
}
