/** @file The memory of graphics processors that are made up. */
import type { Graphics } from '@arrowsmith/backend';
import { useBackend } from '@arrowsmith/engine';
import { UserError } from '@arrowsmith/errors';
import { decoderConfig, modelParameters, parameterShapes } from '@arrowsmith/model';
import { beforeAll, expect, test } from 'vitest';
import { checkMemory } from './check-memory.ts';
import { checkParameterSizes, graphicsMemory } from './graphics-memory.ts';
import { estimateMemory } from './memory.ts';
import { trainingParameters } from './parameters.ts';

const GIB = 2 ** 30;

const graphicsOf = (name: string, { bytes = 8 * GIB, isSoftware = false, largestTensor = GIB } = {}): Graphics => ({
  adapter: { name, isSoftware },
  largestTensor,
  holds: (asked) => Promise.resolve(asked <= bytes),
  gpuMemory: () => ({ mostAllocated: 0 }),
});

const config = decoderConfig(modelParameters.parse({ layers: 2 }), { vocabularySize: 512, contextLength: 64 });
const parameters = trainingParameters.parse({ steps: 10, batchSize: 16 });

beforeAll(() => useBackend('cpu'));

test('on a Mac it is a part of the machine’s, of a program that stands in all of it, and of a card only trying tells', async () => {
  const mac = graphicsMemory(graphicsOf('Apple M3'), { platform: 'darwin', total: 16 * GIB });
  expect(mac).toMatchObject({ name: 'Apple M3', isShared: true, most: 12 * GIB });
  expect(await Promise.all([12 * GIB, 12 * GIB + 1].map((bytes) => mac?.has(bytes)))).toEqual([true, false]);
  const software = graphicsMemory(graphicsOf('swiftshader', { isSoftware: true }), {
    platform: 'linux',
    total: 16 * GIB,
  });
  expect(software).toMatchObject({ isShared: true, most: 16 * GIB });
  const card = graphicsMemory(graphicsOf('NVIDIA H200'), { platform: 'linux', total: 16 * GIB });
  expect(card).toMatchObject({ isShared: false, most: undefined });
  expect(await Promise.all([8 * GIB, 8 * GIB + 1].map((bytes) => card?.has(bytes)))).toEqual([true, false]);
  expect(graphicsMemory(undefined)).toBeUndefined();
});

test('a training that does not fit is refused with the numbers of its tensors, and what is advised fits', async () => {
  const options = { config, parameters, before: 100e6 };
  const estimate = await estimateMemory(options);
  const tensors = estimate.total - estimate.before - estimate.heap;
  const machine = { platform: 'linux', total: 16 * GIB };
  const withRoomFor = (bytes: number) => graphicsMemory(graphicsOf('A card', { bytes }), machine);
  await checkMemory(options, estimate, { available: estimate.total - tensors, graphics: withRoomFor(tensors) });
  const refused = (await checkMemory(options, estimate, {
    available: estimate.total,
    graphics: withRoomFor(0.7 * tensors),
  }).catch((error: unknown) => error)) as UserError;
  expect(refused).toBeInstanceOf(UserError);
  expect(refused.message).toMatch(
    /graphics processor A card[^]*it was asked for as much[^]*: parameters 2 MB, optimizer/,
  );
  expect(refused.message).not.toMatch(/before training|JavaScript/);
  const count = Number(/gradientAccumulation: (\d+)/.exec(refused.message)?.[1]);
  const changed = { ...options, parameters: { ...parameters, gradientAccumulation: count } };
  const { total, before, heap } = await estimateMemory(changed);
  expect(total - before - heap).toBeLessThan(0.7 * tensors);
  // Where the memory is the machine's, tensors are part of what the process takes.
  const shared = graphicsMemory(graphicsOf('Apple M3'), { platform: 'darwin', total: 16 * GIB });
  const tight = checkMemory(options, estimate, { available: estimate.total - 1, graphics: shared });
  await expect(tight).rejects.toThrow(/does not fit in memory[^]*before training/);
});

test('a parameter that no buffer holds is refused with what to change', () => {
  const shapes = parameterShapes(config);
  const check = (largestTensor: number) => () => checkParameterSizes(shapes, graphicsOf('A card', { largestTensor }));
  expect(check(4 * 512 * 128)).not.toThrow();
  expect(check(4 * 512 * 128 - 4)).toThrow(
    /model\.embed_tokens\.weight is too large[^]*\[512, 128\][^]*vocabularySize/,
  );
  const layers = shapes.filter(({ name }) => name.includes('layers'));
  expect(() => checkParameterSizes(layers, graphicsOf('A card', { largestTensor: 1000 }))).toThrow(/a narrower model/);
});
