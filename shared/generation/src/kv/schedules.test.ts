/**
 * @file Random schedules against an engine that knows what every key should be: 850 for each memory and model, about 10000 together, or as many as
 * ARROWSMITH_SCHEDULES says.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { heterogeneousMemory, kvMemories } from './kv-memories.ts';
import { configOfLayers, type LayerShape } from './testing/configs.ts';
import { ShadowEngine } from './testing/shadow-engine.ts';

const SCHEDULES = Number(process.env['ARROWSMITH_SCHEDULES'] ?? 850);

const CONTEXT = 24;

/** Elements of a row in the miniature that layers are taken from: one head of four. */
const ROW = 4;

/** What a schedule is of no use without. */
const EVENTS = ['prefixes', 'copies', 'refusals'] as const;

const models: Record<string, LayerShape[]> = {
  'that sees everything': [{}, {}],
  'with windows': [{ window: 5 }, {}, { window: 5 }, { window: 5 }, { window: 1 }],
  'with chunks': [{ chunk: 6 }, { chunk: 6 }, {}],
  'of four groups, with rows of three sizes, and shared keys': [
    { window: 7, headDim: 2 },
    { chunk: 8, headDim: 3 },
    { headDim: 1 },
    { window: 7, headDim: 2, keysOfLayer: 0 },
    { window: 4, headDim: 3 },
    { window: 9, headDim: 3, keysOfLayer: 4 },
    { window: 3, chunk: 4, headDim: 1 },
  ],
};

/** What happens: to the sequence of which number, with which number. */
type Step = readonly [
  what: 'add' | 'extend' | 'commit' | 'step' | 'fork' | 'free' | 'swapOut' | 'swapIn',
  number,
  number,
];

const anyNumber = fc.noBias(fc.nat({ max: 2 ** 16 }));
const OFTEN = ['add', 'extend', 'step', 'step'] as const;
const SOMETIMES = ['commit', 'fork', 'free', 'swapOut', 'swapIn'] as const;
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.noBias(fc.constantFrom(...OFTEN, ...OFTEN, ...SOMETIMES)),
  anyNumber,
  anyNumber,
);

/** Tokens that often begin like others. */
const tokensFor = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, i) => (i === seed % 32 ? 1 + (seed % 2) : 0));

function take(engine: ShadowEngine, [what, which, number]: Step): void {
  const { memory, sequences, swapped } = engine;
  if (what === 'add') {
    engine.add(tokensFor(1 + (which % CONTEXT), number), number % 5 === 0 ? 'a' : 'b');
    return;
  }
  if (what === 'swapIn') {
    const saved = swapped[which % swapped.length];
    if (saved !== undefined) engine.swapIn(saved);
    return;
  }
  const shadow = sequences[which % sequences.length];
  if (shadow === undefined) return;
  const { sequence, tokens } = shadow;
  const extend = () => {
    const room = memory.contextLength - tokens.length;
    if (room > 0)
      engine.extend(shadow, tokensFor(tokens.length + Math.min(room, 1 + (number % 7)), number).slice(tokens.length));
  };
  if (what === 'extend' || what === 'step') extend();
  if (what === 'commit') engine.commit(shadow, number % (sequence.inFlight + 1));
  if (what === 'step') engine.commit(shadow, sequence.inFlight);
  if (what === 'fork' && sequence.inFlight === 0) engine.fork(shadow);
  if (what === 'free') engine.free(shadow);
  if (what === 'swapOut') engine.swapOut(shadow);
}

describe.each(Object.entries(kvMemories))('%s memory', (name, createMemory) => {
  test.each(Object.entries(models))('of a model %s: every query sees its keys, whatever happens', (_, layers) => {
    const config = configOfLayers(layers, CONTEXT);
    const least =
      4 * 2 * config.layers.reduce((sum, { attention }) => sum + CONTEXT * attention.kvHeads * attention.headDim, 0);
    const happened = { prefixes: 0, copies: 0, refusals: 0 };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 9, max: 20 }),
        fc.array(step, { minLength: 15, maxLength: 45, size: 'max' }),
        (blockSize, size, steps) => {
          const engine = new ShadowEngine(
            createMemory({ config, blockSize, bytes: Math.ceil((size / 8) * least) }),
            config,
          );
          for (const each of steps) {
            take(engine, each);
            engine.check();
          }
          for (const shadow of engine.sequences.slice()) engine.free(shadow);
          engine.check();
          for (const event of EVENTS) happened[event] += engine.events[event];
          expect(engine.memory.use()).toMatchObject({ held: 0, stored: 0, visible: 0, ideal: 0 });
        },
      ),
      { numRuns: SCHEDULES },
    );
    expect(happened.copies).toBeGreaterThan(0);
    expect(happened.refusals).toBeGreaterThan(0);
    expect(happened.prefixes > 0).toBe(name !== 'contiguous');
  });
});

test('in memory that has been in use for long, and where room is scattered, blocks move together', () => {
  const window = { window: 2 };
  const config = configOfLayers([window, window, window, window, window, {}], CONTEXT);
  const what = fc.noBias(fc.constantFrom(...OFTEN, 'free' as const, 'swapOut' as const, 'swapIn' as const));
  const schedule = fc.array(fc.tuple(what, anyNumber, anyNumber), { minLength: 2000, maxLength: 2000, size: 'max' });
  const happened = { copies: 0, movesAtSwapIn: 0 };
  fc.assert(
    fc.property(schedule, (steps) => {
      // 30 pages of 5 blocks with one layer, or one block with five.
      const engine = new ShadowEngine(
        heterogeneousMemory({ config, blockSize: 1, bytes: 30 * 5 * 2 * 4 * ROW }),
        config,
      );
      for (const each of steps) {
        take(engine, each);
        engine.check();
      }
      // Nothing forks: whatever is copied has moved.
      happened.copies += engine.events.copies;
      happened.movesAtSwapIn += engine.events.movesAtSwapIn;
    }),
    { numRuns: 8, seed: 5, endOnFailure: true }, // shrinking thousands of steps takes long
  );
  expect(happened.copies).toBeGreaterThan(20);
  expect(happened.movesAtSwapIn).toBeGreaterThan(0);
});
