import { describe, expect, test } from 'vitest';
import { decoderConfig, modelParameters } from '@arrowsmith/model';
import type { KvSequence } from '../kv/index.ts';
import { generationParameters } from '../sampling/index.ts';
import { passSize } from './pass-size.ts';
import { type ActiveSequence, beginSequence, type GenerationRequest } from './request.ts';
import { Scheduler } from './scheduler.ts';
import type { SequenceStore } from './sequence-store.ts';

/** Has room for all, and nothing of anybody. */
function emptyStore(): SequenceStore {
  type Place = { -readonly [Key in keyof KvSequence]: KvSequence[Key] };
  const unused = () => {
    throw new Error('not used here');
  };
  return {
    blockSize: 16,
    add: (): Place => ({ length: 0, inFlight: 0 }),
    extend(kv, count) {
      (kv as Place).inFlight += count;
      return true;
    },
    commit(kv) {
      (kv as Place).length += kv.inFlight;
      (kv as Place).inFlight = 0;
    },
    free() {},
    isBeside: () => true,
    isLost: () => false,
    fork: unused,
    swapOut: unused,
    use: unused,
    check() {},
    dispose() {},
  };
}

const parameters = generationParameters.parse({});

/** Of ids that no other prompt begins with. */
function prompt(tokens: number, first: number, own: Partial<GenerationRequest> = {}): ActiveSequence {
  const ids = Array.from({ length: tokens }, (_, i) => (i === 0 ? first : i));
  return beginSequence({ prompt: ids, parameters, ...own }, { put() {}, fail() {} });
}

describe('a pass', () => {
  const scheduler = (): { next: () => number[]; add: (sequence: ActiveSequence) => void } => {
    const store = emptyStore();
    const own = new Scheduler(store, {
      passSize: { beside: 100, prompts: 1000 },
      sequences: 8,
      preemption: 'recompute',
    });
    return {
      add: (sequence) => own.add(sequence),
      next() {
        const scheduled = own.next();
        const counts = scheduled.map(({ kv }) => kv.inFlight);
        for (const { sequence, kv } of scheduled) {
          store.commit(kv, sequence.tokens);
          if (kv.length === sequence.tokens.length) sequence.tokens.push(0); // as its text goes on
        }
        return counts;
      },
    };
  };

  test('has many tokens of prompts alone, and few beside a text that is being written', () => {
    const { add, next } = scheduler();
    add(prompt(1200, 1));
    expect(next()).toEqual([1000]);
    add(prompt(300, 2));
    expect(next()).toEqual([200, 300]);
    add(prompt(500, 3));
    expect(next()).toEqual([1, 1, 98]);
  });

  test('has few tokens of a prompt whose log-probabilities are told: each has logits', () => {
    const { add, next } = scheduler();
    add(prompt(300, 1));
    add(prompt(300, 2, { promptLogProbabilities: true }));
    expect(next()).toEqual([300, 100]);
  });

  test('does not compute what another sequence computes in it, and both begin with', () => {
    const { add, next } = scheduler();
    for (let i = 0; i < 3; i++) add(prompt(200, 1));
    add(prompt(50, 2));
    expect(next()).toEqual([200, 50]);
  });

  test('computes alike beginnings of tenants who share nothing', () => {
    const { add, next } = scheduler();
    add(prompt(200, 1, { salt: 'one' }));
    add(prompt(200, 1, { salt: 'another' }));
    expect(next()).toEqual([200, 200]);
  });
});

test('a pass over prompts has the more tokens the smaller the model is, and as many as somebody wants', () => {
  const model = (hiddenSize: number) =>
    decoderConfig(modelParameters.parse({ hiddenSize, layers: 12, heads: 8, kvHeads: 8 }), {
      vocabularySize: 4096,
      contextLength: 64,
    });
  expect(passSize(model(64))).toEqual({ beside: 256, prompts: 2048 });
  const middle = passSize(model(512)).prompts;
  expect(middle).toBeGreaterThan(256);
  expect(middle).toBeLessThan(2048);
  expect(passSize(model(2048))).toEqual({ beside: 256, prompts: 256 });
  expect(passSize(model(64), 5)).toEqual({ beside: 5, prompts: 5 });
});
