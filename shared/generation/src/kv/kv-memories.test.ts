import { describe, expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import { contiguousMemory, heterogeneousMemory, kvMemories, pagedMemory } from './kv-memories.ts';
import type { KvMemory, KvSequence } from './kv-memory.ts';
import { configOfLayers } from './testing/configs.ts';

const CONTEXT = 32;
/** A row has one float32: 4 bytes. */
const row = { kvHeads: 1, headDim: 1 };
const full = configOfLayers([row, row], CONTEXT);
const mixed = configOfLayers([{ ...row, window: 6 }, { ...row, chunk: 8 }, row], CONTEXT);

/** Bytes of so many tokens in so many layers. */
const bytesOf = (tokens: number, layers: number) => 4 * 2 * layers * tokens;

const tokens = (count: number, first = 0) => Array.from({ length: count }, (_, i) => first + i);

/** Computes a prompt to its end. */
function compute(memory: KvMemory, prompt: readonly number[], salt = ''): KvSequence {
  const sequence = memory.add(prompt, { salt });
  if (sequence === undefined) throw new Error('there is no room');
  append(memory, sequence, prompt.slice(sequence.length));
  return sequence;
}

function append(memory: KvMemory, sequence: KvSequence, more: readonly number[]): void {
  if (memory.extend(sequence, more.length) === undefined) throw new Error('there is no room');
  memory.commit(sequence, more);
}

/** How much of a prompt is there already. */
function cachedOf(memory: KvMemory, prompt: readonly number[], salt = ''): number | undefined {
  const sequence = memory.add(prompt, { salt });
  if (sequence !== undefined) memory.free(sequence);
  return sequence?.length;
}

describe.each(Object.entries(kvMemories))('%s memory', (_, createMemory) => {
  const memoryFor = (config: typeof full, bytes = 4 * bytesOf(CONTEXT, 3)) =>
    createMemory({ config, bytes, blockSize: 4 });

  test('takes at most the bytes that it is given, and at least one sequence must fit', () => {
    expect(4 * memoryFor(full, 1003).elements).toBeLessThanOrEqual(1003);
    const create = () => memoryFor(full, bytesOf(CONTEXT, 2) - 1);
    expect(create).toThrow(UserError);
    expect(create).toThrow(/at least \d+ bytes, for 32 tokens/);
    expect(() => memoryFor(full, bytesOf(CONTEXT, 2))).not.toThrow();
  });

  test('holds more tokens of int8, in the same bytes', () => {
    const config = configOfLayers([{ kvHeads: 2, headDim: 12 }, { headDim: 4 }], 8);
    const bytes = 1e6;
    const [floats, int8] = (['f32', 'int8'] as const).map((precision) =>
      createMemory({ config, bytes, precision, blockSize: 4 }),
    ) as [KvMemory, KvMemory];
    // A scale for four numbers, in 4 bytes: heads of both sizes are multiples of them.
    expect(int8.use().capacity).toBe(2 * int8.elements);
    expect(int8.elements / floats.elements).toBeCloseTo(2, 2);
    for (const memory of [floats, int8]) {
      expect(memory.use().capacity).toBeLessThanOrEqual(bytes);
      compute(memory, tokens(3));
    }
    expect(int8.use().stored).toBe(floats.use().stored / 2);
    expect(int8.use().held).toBe(floats.use().held / 2);
  });

  test('room for a sequence and a part of another is whole blocks, and for less than one there is no memory', () => {
    const memory = createMemory({ config: full, contexts: 1.7, blockSize: 4 });
    expect(Number.isInteger(memory.elements)).toBe(true);
    expect(4 * memory.elements).toBeGreaterThanOrEqual(bytesOf(CONTEXT, 2));
    expect(4 * memory.elements).toBeLessThanOrEqual(1.7 * bytesOf(CONTEXT, 2));
    compute(memory, tokens(CONTEXT));
    memory.check();
    for (const contexts of [0.9, 0, -1, NaN]) {
      const create = () => createMemory({ config: full, contexts, blockSize: 4 });
      expect(create).toThrow(`found:     room for ${contexts} of them`);
    }
  });

  test('a sequence may be as long as the context, and no longer', () => {
    const memory = memoryFor(mixed);
    const sequence = compute(memory, tokens(CONTEXT));
    expect(() => memory.extend(sequence, 1)).toThrow('at most 32 tokens');
    expect(() => memory.add(tokens(CONTEXT + 1))).toThrow('found:     33');
  });

  test('refuses what cannot be meant', () => {
    const memory = memoryFor(full);
    expect(() => memory.add([])).toThrow('without tokens');
    const sequence = compute(memory, tokens(3));
    expect(() => memory.extend(sequence, 0)).toThrow('a positive integer');
    expect(() => memory.commit(sequence, [1])).toThrow('extend it first');
    memory.extend(sequence, 1);
    expect(() => memory.fork(sequence)).toThrow('commit them first');
    memory.free(sequence);
    expect(() => memory.free(sequence)).toThrow('not in this memory');
  });

  test('new tokens are written to where attention finds them', () => {
    const memory = memoryFor(mixed);
    const sequence = compute(memory, tokens(3));
    memory.extend(sequence, 7);
    for (const group of memory.groups.keys()) {
      const blocks = memory.blocks(sequence, group);
      const slots = tokens(7, 3).map((j) => (blocks[Math.floor(j / memory.blockSize)] ?? NaN) + (j % memory.blockSize));
      expect([...memory.slots(sequence, group)]).toEqual(slots);
    }
  });

  test('where there is no room, nothing changes', () => {
    const memory = memoryFor(full, bytesOf(CONTEXT, 2));
    const first = memory.add(tokens(20));
    if (first === undefined) throw new Error('there is room');
    memory.extend(first, 20);
    const before = memory.use();
    expect(memory.add(tokens(20, 100))).toBeUndefined();
    expect(memory.use()).toEqual(before);
    memory.check();
    memory.free(first);
    expect(memory.add(tokens(20, 100))).toBeDefined();
  });

  test('tokens that are rejected leave, with their room', () => {
    const memory = memoryFor(mixed);
    const sequence = compute(memory, tokens(3));
    const before = memory.use();
    memory.extend(sequence, 9);
    memory.commit(sequence, []);
    expect(sequence).toMatchObject({ length: 3, inFlight: 0 });
    expect(memory.use()).toEqual(before);
  });

  test('a sequence is swapped out to as many rows as it has, and in again', () => {
    const memory = memoryFor(full);
    const sequence = compute(memory, tokens(6));
    const { swapped, save } = memory.swapOut(sequence);
    expect(swapped).toMatchObject({ length: 6, rows: [2 * 2 * 6] });
    expect(memory.use()).toMatchObject({ held: 0, stored: 0 });
    const targets = save.flatMap(({ to, rows }) => tokens(rows, to));
    expect(targets.sort((a, b) => a - b)).toEqual(tokens(24));
    const back = memory.swapIn(swapped);
    expect(back?.sequence).toMatchObject({ length: 6, inFlight: 0 });
    memory.check();
  });
});

describe('contiguous memory', () => {
  test('a sequence has the room of a whole context from its beginning, and a fork has its own', () => {
    const memory = contiguousMemory({ config: full, bytes: 2 * bytesOf(CONTEXT, 2) });
    const sequence = compute(memory, tokens(5));
    expect(memory.use()).toMatchObject({ held: bytesOf(CONTEXT, 2), stored: bytesOf(5, 2) });
    const fork = memory.fork(sequence);
    // Keys and values of two layers, 5 rows each.
    expect(fork?.copies.map(({ rows }) => rows)).toEqual([5, 5, 5, 5]);
    expect(memory.use()).toMatchObject({ held: 2 * bytesOf(CONTEXT, 2), stored: 2 * bytesOf(5, 2) });
    expect(memory.fork(sequence)).toBeUndefined();
    expect(memory.add([1])).toBeUndefined();
  });

  test('nothing is shared', () => {
    const memory = contiguousMemory({ config: full, bytes: 2 * bytesOf(CONTEXT, 2) });
    memory.free(compute(memory, tokens(CONTEXT)));
    expect(cachedOf(memory, tokens(CONTEXT))).toBe(0);
  });
});

describe('paged memory', () => {
  const memoryOf = (blocks: number) => pagedMemory({ config: full, bytes: blocks * bytesOf(4, 2), blockSize: 4 });

  test('has the keys of a layer, then its values, layer by layer', () => {
    const memory = memoryOf(8);
    expect(memory.layers).toEqual([
      { group: 0, keyOffset: 0, valueOffset: 4 },
      { group: 0, keyOffset: 8, valueOffset: 12 },
    ]);
    const sequence = compute(memory, tokens(9));
    expect([...memory.blocks(sequence, 0)]).toEqual([0, 16, 32]);
  });

  test('begins with what is there of a prompt, in full blocks, also after its first owner left', () => {
    const memory = memoryOf(16);
    const first = compute(memory, tokens(11));
    expect(cachedOf(memory, tokens(11))).toBe(8);
    expect(cachedOf(memory, [...tokens(7), 100, ...tokens(3)])).toBe(4);
    expect(cachedOf(memory, [100, ...tokens(10, 1)])).toBe(0);
    memory.free(first);
    expect(cachedOf(memory, tokens(20))).toBe(8);
  });

  test('of a prompt that is there as a whole, the last block is computed again: the query has at least one token', () => {
    const memory = memoryOf(16);
    compute(memory, tokens(12));
    expect(cachedOf(memory, tokens(12))).toBe(8);
    expect(cachedOf(memory, tokens(13))).toBe(12);
    expect(cachedOf(memory, [0])).toBe(0);
  });

  test('another salt shares nothing', () => {
    const memory = memoryOf(16);
    compute(memory, tokens(12), 'a');
    expect(cachedOf(memory, tokens(12), 'b')).toBe(0);
    expect(cachedOf(memory, tokens(12))).toBe(0);
    expect(cachedOf(memory, tokens(12), 'a')).toBe(8);
  });

  test('tokens in flight are no prefix yet', () => {
    const memory = memoryOf(16);
    const sequence = memory.add(tokens(12));
    if (sequence !== undefined) memory.extend(sequence, 12);
    expect(cachedOf(memory, tokens(12))).toBe(0);
  });

  test('a prefix goes from its end where there is need of room', () => {
    const memory = memoryOf(8);
    memory.free(compute(memory, tokens(16)));
    expect(cachedOf(memory, tokens(17))).toBe(16);
    compute(memory, tokens(24, 100));
    expect(cachedOf(memory, tokens(8))).toBe(4);
    memory.check();
  });

  test('samples of a prompt share it, and who writes to a shared block has a copy of it; the last writes to the block itself', () => {
    const memory = memoryOf(16);
    const sequence = compute(memory, tokens(6));
    const before = memory.use();
    const forks = [memory.fork(sequence), memory.fork(sequence)].map((fork) => fork?.sequence);
    expect(memory.use()).toMatchObject({ held: before.held, stored: before.stored, ideal: 3 * before.ideal });
    const copies = [...forks, sequence].map((each) => each && memory.extend(each, 1)?.map(({ rows }) => rows));
    // Of the second block, two tokens: keys and values of two layers.
    expect(copies).toEqual([[2, 2, 2, 2], [2, 2, 2, 2], []]);
    const [one, two, three] = [...forks, sequence].map((each) => each && [...memory.blocks(each, 0)]);
    expect([one?.[0], two?.[0]]).toEqual([three?.[0], three?.[0]]);
    expect(new Set([one?.[1], two?.[1], three?.[1]]).size).toBe(3);
    memory.check();
  });

  test('what comes back is copied in only where it is not there any more', () => {
    const memory = memoryOf(16);
    const sequence = compute(memory, tokens(10));
    const { swapped, save } = memory.swapOut(sequence);
    expect(save.map(({ rows }) => rows)).toEqual([16, 16, 2, 2, 2, 2]);
    expect(memory.swapIn(swapped)?.restore.map(({ from, rows }) => [from, rows])).toEqual([
      [32, 2],
      [34, 2],
      [36, 2],
      [38, 2],
    ]);
  });

  test('blocks of layers whose rows differ in size are aligned to the rows of each', () => {
    const config = configOfLayers(
      [
        { kvHeads: 1, headDim: 2 },
        { kvHeads: 1, headDim: 3 },
      ],
      CONTEXT,
    );
    const memory = pagedMemory({ config, bytes: 4 * 1024, blockSize: 4 });
    const sequence = compute(memory, tokens(5));
    // 16 elements, 2 for alignment, 24 elements: 42 for a block.
    expect([...memory.blocks(sequence, 0)]).toEqual([0, 21]);
    expect([...memory.blocks(sequence, 1)]).toEqual([6, 20]);
  });
});

describe('heterogeneous memory', () => {
  const memoryFor = (bytes = 8 * bytesOf(CONTEXT, 3)) => heterogeneousMemory({ config: mixed, bytes, blockSize: 4 });
  const blocksOf = (memory: KvMemory, sequence: KvSequence) =>
    memory.groups.map((_, group) => [...memory.blocks(sequence, group)].map((first) => first >= 0));

  test('a window and a chunk keep the blocks that the next query sees', () => {
    const memory = memoryFor();
    const sequence = compute(memory, tokens(15));
    // The query at 15 sees from 10 with the window, from 8 in its chunk.
    expect(blocksOf(memory, sequence)).toEqual([
      [false, false, true, true],
      [false, false, true, true],
      [true, true, true, true],
    ]);
    append(memory, sequence, [15]);
    // That at 16 sees from 11, and begins a chunk.
    expect(blocksOf(memory, sequence)).toEqual([
      [false, false, true, true],
      [false, false, false, false],
      [true, true, true, true],
    ]);
    expect(memory.use()).toMatchObject({
      stored: bytesOf(8 + 0 + 16, 1),
      visible: bytesOf(5 + 0 + 16, 1),
      ideal: bytesOf(5 + 0 + 16, 1),
    });
  });

  test('while tokens are in flight, what the first of them sees stays', () => {
    const memory = memoryFor();
    const sequence = compute(memory, tokens(9));
    memory.extend(sequence, 12);
    expect(blocksOf(memory, sequence)).toEqual([
      [false, true, true, true, true, true],
      [false, false, true, true, true, true],
      [true, true, true, true, true, true],
    ]);
  });

  test('of a prefix whose beginning left the window and the chunk, the rest is enough', () => {
    const memory = memoryFor();
    compute(memory, tokens(21));
    const before = memory.use();
    const hit = memory.add(tokens(21));
    expect(hit?.length).toBe(20);
    expect(hit && blocksOf(memory, hit)).toEqual([
      [false, false, false, true, true],
      [false, false, false, false, true],
      [true, true, true, true, true],
    ]);
    // The fourth block, that the first sequence had given back.
    const more = bytesOf(4, 1);
    expect(memory.use()).toMatchObject({ held: before.held + more, cached: before.cached - more });
    memory.check();
  });

  test('room goes from one kind of layers to the other', () => {
    const memory = memoryFor(2 * bytesOf(CONTEXT, 3));
    // Many short sequences, then few long ones: the shares of the kinds differ.
    const short = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => compute(memory, tokens(7, 100 * i)));
    for (const sequence of short) memory.free(sequence);
    const long = [0, 1].map((i) => compute(memory, tokens(CONTEXT, 1000 * (i + 1))));
    expect(long.map(({ length }) => length)).toEqual([CONTEXT, CONTEXT]);
    memory.check();
  });
});
