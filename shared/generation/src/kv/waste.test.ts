/**
 * @file How much of the memory for keys and values is waste, for published models, with batches that change all the time: 24 requests, as many at a
 * time as there is room for, whose prompts have 64 to 12288 tokens and answers 64 to 1024, short ones as often as long ones (log-uniform).
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { expect, test } from 'vitest';
import { kvMemories } from './kv-memories.ts';
import type { KvMemory, KvSequence } from './kv-memory.ts';
import { publishedConfig } from './testing/configs.ts';

const CONTEXT = 16384;
const REQUESTS = 24;
const SHORTEST = 64;
const LONGEST = { prompt: 12288, answer: 1024 };

/** Tokens of a prompt that are computed at once. */
const PREFILL = 512;

/** Steps between two looks at the memory. */
const LOOK = 20;

interface Request {
  prompt: number;
  /** Tokens at its end. */
  total: number;
}

interface Measured {
  /** Share of what is held that no token is in. */
  waste: number;
  /** What would have sufficed, as a share of what is held. */
  ideal: number;
}

/** Serves the requests. @returns means over the time in which requests were waiting */
function serve(memory: KvMemory): Measured {
  const rng = xoroshiro128plus(7);
  const length = (longest: number) => Math.round(SHORTEST * (longest / SHORTEST) ** uniformFloat64(rng));
  const waiting = Array.from({ length: REQUESTS }, (): Request => {
    const prompt = length(LONGEST.prompt);
    return { prompt, total: prompt + length(LONGEST.answer) };
  });
  const running = new Map<KvSequence, Request>();
  const sums = { held: 0, stored: 0, ideal: 0 };
  for (let step = 0; waiting.length > 0; step++) {
    for (let request = waiting[0]; request !== undefined; request = waiting[0]) {
      const sequence = prefill(memory, request);
      if (sequence === undefined) break;
      running.set(sequence, request);
      waiting.shift();
    }
    for (const [sequence, request] of running) {
      const isEnded = sequence.length >= request.total;
      if (!isEnded && compute(memory, sequence, 1)) continue;
      memory.free(sequence);
      running.delete(sequence);
      if (!isEnded) waiting.push(request); // there is no room: it is preempted, and computed anew
    }
    if (step % LOOK !== 0) continue;
    const { held, stored, ideal } = memory.use();
    sums.held += held;
    sums.stored += stored;
    sums.ideal += ideal;
  }
  memory.check();
  return { waste: 1 - sums.stored / sums.held, ideal: sums.ideal / sums.held };
}

/** A sequence whose prompt is computed; undefined where there is no room for all of it. */
function prefill(memory: KvMemory, { prompt }: Request): KvSequence | undefined {
  const sequence = memory.add(newTokens(prompt));
  if (sequence === undefined) return undefined;
  while (sequence.length < prompt) {
    if (compute(memory, sequence, Math.min(PREFILL, prompt - sequence.length))) continue;
    memory.free(sequence);
    return undefined;
  }
  return sequence;
}

function compute(memory: KvMemory, sequence: KvSequence, count: number): boolean {
  if (memory.extend(sequence, count) === undefined) return false;
  memory.commit(sequence, newTokens(count));
  return true;
}

/** Tokens that nobody had before: nothing is shared. */
const newTokens = (count: number): number[] => Array.from({ length: count }, () => next++);
let next = 0;

test.each([
  ['llama3', 'Llama 3.1 8B', 8],
  ['gemma3', 'Gemma 3 1B', 1],
  ['gemma3', 'Gemma 3 4B', 8],
  ['llama4', 'Llama 4 Scout', 16],
  ['command-a', 'Command R7B', 8],
] as const)('%s: memory that %s wastes, of %d GiB', (family, name, gib) => {
  const config = publishedConfig(family, name, CONTEXT);
  const measure = (kind: keyof typeof kvMemories) => serve(kvMemories[kind]({ config, bytes: gib * 2 ** 30 }));
  const contiguous = measure('contiguous');
  const paged = measure('paged');
  const heterogeneous = measure('heterogeneous');
  expect(contiguous.waste).toBeGreaterThan(0.6);
  expect(paged.waste).toBeLessThan(0.04);
  expect(heterogeneous.waste).toBeLessThanOrEqual(0.02);
  expect(heterogeneous.ideal).toBeGreaterThanOrEqual(0.95);
});
