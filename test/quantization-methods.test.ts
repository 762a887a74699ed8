/** @file Methods of quantization through the real stages: what they need, what they make, and how they are compared. */
import { join } from 'node:path';
import { readPlainTable } from '@arrowsmith/artifacts';
import { resolveBackend } from '@arrowsmith/engine';
import { methods } from '@arrowsmith/quantization/methods';
import { readModel } from '@arrowsmith/quantization/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectError, type RealChain, realChain } from './support/real-chain.ts';

let chain: RealChain;
const model = { hiddenSize: 64, layers: 2, heads: 2, kvHeads: 1, intermediateSize: 64, tieWordEmbeddings: false };
const withRows = { reads: { rows: ['chunk'] } };
const tableOf = async (step: string, file: string) => {
  const table = await readPlainTable(join(chain.workspace.root, 'artifacts/bad', step, file), () => true);
  return table!.columns;
};

beforeAll(async () => {
  chain = realChain();
  await chain.runUntil('chunk');
  await chain.run('train', { steps: 30, batchSize: 8, model });
});
afterAll(() => chain.remove());

describe('rows are asked for by name', () => {
  test.each(methods.filter((method) => method !== 'nearest'))('%s', (method) =>
    expectError(
      chain,
      'quantize',
      chain.run('quantize', { method }),
      new RegExp(`method ${method} needs rows of text`),
      /inputs: \{ rows: chunk \}/,
    ),
  );

  test('a comparison', () =>
    expectError(chain, 'quantize', chain.run('quantize', { compare: { formats: ['Q8_0'] } }), /compare needs rows/));
});

test('each method makes a model of the same size as rounding to the nearest', async () => {
  const sizes = new Set<number>();
  const losses: Record<string, number> = {};
  for (const method of methods) {
    const step = `made-by-${method}`;
    const options = { format: 'int3-g32', method, calibrationRows: 40 };
    const { metrics, highlights } = await chain.run('quantize', options, undefined, { step, ...withRows });
    expect(highlights['method']).toBe(method === 'nearest' ? undefined : method);
    sizes.add(metrics['bytesAfter']!);
    const { weights } = await readModel(join(chain.workspace.root, 'artifacts/bad', step, 'weights.arrow'));
    expect(Object.values(weights).every(({ data }) => data.every(Number.isFinite))).toBe(true);
    const reads = { models: ['train', step] };
    const evaluated = await chain.run('evaluate', {}, undefined, { step: `evaluate-${method}`, reads });
    losses[method] = evaluated.metrics[`${step}.addedBitsPerByte`]!;
  }
  expect(sizes.size).toBe(1);
  // A text of 239 bytes tells no method from another, but all of them from a broken model.
  for (const added of Object.values(losses)) expect(Math.abs(added)).toBeLessThan(0.1);
  expect(new Set(Object.values(losses)).size).toBe(methods.length);
});

test('formats and methods are compared, and the frontier is told', async () => {
  const compare = { formats: ['f16', 'int8-g32', 'int2-g32'], methods: ['nearest', 'gptq'], rows: 6 };
  const { highlights } = await chain.run('quantize', { compare }, undefined, withRows);
  expect(highlights['comparison']).toMatch(/^of 7 models nothing as small loses less than int2-g32 /);
  const table = await tableOf('quantize', 'comparison.arrow');
  expect(table['format']).toEqual(['f32', ...compare.formats, ...compare.formats]);
  const numbersOf = (name: string) => table[name] as number[];
  for (const [row, added] of numbersOf('addedBitsPerByte').entries()) {
    expect(numbersOf('low')[row]).toBeLessThanOrEqual(added);
    expect(numbersOf('high')[row]).toBeGreaterThanOrEqual(added);
    expect(added).toBeCloseTo(numbersOf('bitsPerByte')[row]! - numbersOf('bitsPerByte')[0]!, 9);
  }
  expect(numbersOf('bitsPerWeight')[0]).toBe(32);
  // Vectors stay float32.
  expect(numbersOf('bitsPerWeight')[3]).toBeGreaterThan(2.5);
  expect(numbersOf('bitsPerWeight')[3]).toBeLessThan(2.8);
  const errors = await tableOf('quantize', 'comparison-errors.arrow');
  expect(new Set(errors['name']).size * 6).toBe(errors['name']!.length);
});

test('a format that no row is long enough for is named with what was used in its place', async () => {
  const compare = { formats: ['Q2_K'], rows: 2 };
  const { highlights } = await chain.run('quantize', { compare }, undefined, { step: 'short-rows', ...withRows });
  expect((await tableOf('short-rows', 'comparison.arrow'))['format']).toEqual(['f32', 'Q2_K (IQ4_NL for 16 of 16)']);
  expect((await tableOf('short-rows', 'comparison-errors.arrow'))['format']![0]).toBe('Q2_K (IQ4_NL for 16 of 16)');
  expect(highlights['comparison']).toContain('Q2_K (IQ4_NL for 16 of 16) nearest');
});

test('a table of the bytes of rows adds up to what the split has', async () => {
  const all = { formats: ['f16'] };
  await chain.run('quantize', { compare: all }, undefined, { step: 'whole', ...withRows });
  const evaluated = await chain.run('evaluate', {}, undefined, { step: 'evaluated', reads: { models: ['train'] } });
  // Nats are summed row by row here, and token by token there.
  expect((await tableOf('whole', 'comparison.arrow'))['bitsPerByte']![0]).toBeCloseTo(
    evaluated.metrics['train.bitsPerByte']!,
    9,
  );
});

describe.runIf(resolveBackend('auto') === 'native')('activations of int8', () => {
  test('are compared beside those of float32', async () => {
    const compare = { formats: ['int8', 'Q8_0'], activations: ['f32', 'int8'], rows: 6 };
    await chain.run('quantize', { compare }, undefined, { step: 'by-both', ...withRows });
    const { format, activations, bitsPerByte } = await tableOf('by-both', 'comparison.arrow');
    expect(format).toEqual(['f32', 'int8', 'int8', 'Q8_0', 'Q8_0']);
    expect(activations).toEqual(['f32', 'f32', 'int8', 'f32', 'int8']);
    const losses = bitsPerByte as number[];
    for (const at of [1, 3]) {
      expect(losses[at + 1]).not.toBe(losses[at]);
      expect(losses[at + 1]! / losses[at]!).toBeCloseTo(1, 2);
    }
  });

  test('are evaluated where a model has integers, and the summary says where', async () => {
    await chain.run('quantize', { format: 'int8' }, undefined, { step: 'stored' });
    const reads = { models: ['train', 'stored'] };
    const run = async (step: string, options: object) => chain.run('evaluate', options, undefined, { step, reads });
    const floats = await run('by-floats', {});
    const int8 = await run('by-int8', { activations: 'int8' });
    expect(floats.highlights['activations']).toBeUndefined();
    expect(int8.highlights['activations']).toBe('train f32, stored int8');
    expect(int8.metrics['train.bitsPerByte']).toBe(floats.metrics['train.bitsPerByte']);
    const name = 'stored.bitsPerByte';
    expect(int8.metrics[name]).not.toBe(floats.metrics[name]);
    expect(int8.metrics[name]! / floats.metrics[name]!).toBeCloseTo(1, 2);
  });

  test('of formats without integers are refused', () =>
    expectError(
      chain,
      'refused',
      chain.run('quantize', { compare: { formats: ['int8', 'bf16'], activations: ['f32', 'int8'] } }, undefined, {
        step: 'refused',
        ...withRows,
      }),
      /no integers/,
      /leave these formats out/, // before any is measured
    ));
});
