import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LogitsProcessor, processLogits } from './processors.ts';
import { samplingGenerator } from './random-stream.ts';
import { sampleToken } from './sample.ts';
import { afterThinking, limitThinking } from './thinking.ts';

const [THINK, DONE, END, LINE, SORRY] = [0, 1, 2, 3, 4];
const VOCABULARY = 12;
const tags = { start: THINK, end: DONE };
const greedy = { temperature: 0, topK: 0, topP: 1 };

/** A model that says the tokens of a script by their places, whatever came before, and then the end of text. */
const scripted =
  (script: readonly number[]) =>
  (output: readonly number[]): Float32Array => {
    const logits = new Float32Array(VOCABULARY);
    logits[script[output.length] ?? END] = 5;
    return logits;
  };

/** What a model generates, at most 40 tokens, without the end of text. */
function generated(
  model: (output: readonly number[]) => Float32Array,
  processors: readonly LogitsProcessor[],
  prompt: readonly number[] = [],
  choose = (logits: Float32Array) => sampleToken(logits, greedy, samplingGenerator(1)),
): number[] {
  const output: number[] = [];
  while (output.length < 40) {
    const id = choose(processLogits(model(output), processors, { prompt, output }));
    if (id === END) break;
    output.push(id);
  }
  return output;
}

describe('limitThinking', () => {
  const thinker = scripted([THINK, 5, 6, 7, 8, DONE, 9, 10]);

  test('thoughts within the budget stay as they are', () => {
    for (const budget of [4, 5, 100]) {
      expect(generated(thinker, [limitThinking(tags, { budget })])).toEqual([THINK, 5, 6, 7, 8, DONE, 9, 10]);
    }
  });

  test('thoughts that reach the budget are closed, and the model goes on', () => {
    expect(generated(thinker, [limitThinking(tags, { budget: 2 })])).toEqual([THINK, 5, 6, DONE, 8, DONE, 9, 10]);
  });

  test('a closing stands before the end tag, token by token', () => {
    const processor = limitThinking(tags, { budget: 1, closing: [LINE, SORRY, LINE] });
    expect(generated(thinker, [processor])).toEqual([THINK, 5, LINE, SORRY, LINE, DONE, 9, 10]);
  });

  test('a budget of 0 turns thinking off', () => {
    const off = limitThinking(tags, { budget: 0 });
    expect(generated(thinker, [off])).not.toContain(THINK);
    expect(generated(scripted([5, 6]), [off])).toEqual([5, 6]);
    expect(generated(scripted([5, 6, 7]), [off], [9, THINK])).toEqual([DONE, 6, 7]);
  });

  test('thoughts that the prompt has begun are limited by what the output has of them', () => {
    const processor = limitThinking(tags, { budget: 2 });
    expect(generated(scripted([5, 6, 7, 8]), [processor], [THINK, 9, 9, 9])).toEqual([5, 6, DONE, 8]);
    expect(generated(scripted([5, 6, 7, 8]), [processor], [THINK, 9, DONE])).toEqual([5, 6, 7, 8]);
  });

  test('several thoughts share the budget', () => {
    const model = scripted([THINK, 5, DONE, THINK, 6, 7, 8, 9]);
    expect(generated(model, [limitThinking(tags, { budget: 2 })])).toEqual([THINK, 5, DONE, THINK, 6, DONE, 8, 9]);
  });

  test('a model that opens thoughts again and again spends the budget, and opens none behind it', () => {
    const again = scripted([THINK, THINK, 5, THINK, THINK, THINK, DONE, THINK, 9]);
    expect(generated(again, [limitThinking(tags, { budget: 3 })]).slice(0, 6)).toEqual([
      THINK,
      THINK,
      5,
      THINK,
      DONE,
      expect.anything(),
    ]);
    const output = generated(scripted(Array.from({ length: 30 }, () => THINK)), [limitThinking(tags, { budget: 3 })]);
    expect(output.slice(0, 5)).toEqual([THINK, THINK, THINK, THINK, DONE]);
    expect(output.slice(5)).not.toContain(THINK);
  });

  test('thoughts that are spent do not begin again, wherever a model tries', () => {
    const model = scripted([THINK, 5, 6, DONE, THINK, 7, THINK, 8, 9]);
    const output = generated(model, [limitThinking(tags, { budget: 2, closing: [LINE] })]);
    expect(output.slice(0, 5)).toEqual([THINK, 5, 6, LINE, DONE]);
    expect(output.slice(5)).not.toContain(THINK);
  });

  test('whatever a model says, thoughts are within the budget, tags in turn, and none is left open', () => {
    const settings = fc.record({
      seed: fc.nat(),
      budget: fc.nat(6),
      closing: fc.constantFrom([], [LINE], [LINE, SORRY]),
      open: fc.boolean(),
    });
    fc.assert(
      fc.property(settings, ({ seed, budget, closing, open }) => {
        const rng = samplingGenerator(seed);
        const choose = (logits: Float32Array) => sampleToken(logits, { temperature: 1, topK: 0, topP: 1 }, rng);
        const model = () => {
          const logits = new Float32Array(VOCABULARY).fill(0);
          logits[END] = -Infinity;
          return logits;
        };
        const prompt = open ? [THINK] : [];
        const output = generated(model, [limitThinking(tags, { budget, closing })], prompt, choose);
        let [within, thoughts] = [open, 0];
        for (const [at, id] of output.entries()) {
          if (id === DONE) within = false;
          else if (id === THINK && !within) within = true;
          else if (within) thoughts++;
          // Beyond the budget there is the closing, token by token.
          const since = within ? Math.max(0, thoughts - budget) : 0;
          expect(output.slice(at + 1 - since, at + 1)).toEqual(closing.slice(0, since));
        }
        expect(thoughts).toBeLessThanOrEqual(budget + closing.length);
      }),
      { seed: 1 },
    );
  });
});

describe('afterThinking', () => {
  /** A grammar of answers: any number of tens, then the end. */
  const tens: LogitsProcessor = (logits, { output }) => {
    for (const id of logits.keys()) if (id !== 10 && (id !== END || output.length === 0)) logits[id] = -Infinity;
  };

  test('thoughts are free, and the answer follows the grammar from its first token', () => {
    const model = scripted([THINK, 5, 6, DONE, 10, 10]);
    expect(generated(model, [afterThinking(tens, tags)])).toEqual([THINK, 5, 6, DONE, 10, 10]);
    expect(generated(scripted([THINK, 5, DONE, END, 9]), [afterThinking(tens, tags)])).toEqual([THINK, 5, DONE, 10]);
  });

  test('without thoughts the answer begins at once', () => {
    expect(generated(scripted([10, 10, 7]), [afterThinking(tens, tags)])).toEqual([10, 10]);
  });

  test('with thinking turned off it is the grammar alone', () => {
    const processors = [afterThinking(tens, tags), limitThinking(tags, { budget: 0 })];
    expect(generated(scripted([THINK, 10, 7]), processors)).toEqual([10, 10]);
  });

  test('thoughts that the prompt has begun are free until their end', () => {
    expect(generated(scripted([5, DONE, 7]), [afterThinking(tens, tags)], [THINK])).toEqual([5, DONE, 10]);
  });
});
