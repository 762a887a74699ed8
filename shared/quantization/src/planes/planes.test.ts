/** @file Tests of numbers as bit planes: nothing is lost, the top planes are what is documented, and both ways to join them give the same bits. */
import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16 } from '../half-precision.ts';
import { fileInMemory, type KeysOrValues, type PlanesCodec, planesCodec, type PlanesOf } from './codec.ts';
import { layoutNamed, numberLayouts } from './number-layout.ts';
import { BLOCK, join, numbersOf, split } from './regroup.ts';

let codec: PlanesCodec;
beforeAll(async () => {
  codec = await planesCodec();
});

const FORMATS = [...numberLayouts.keys()];

/** Bits of all kinds: any; of zeros of both signs, subnormal numbers, infinities and NaNs where floats have them; of frequent exponents. */
function numbersOfAllKinds(format: string, count: number): Uint8Array {
  const { bits } = layoutNamed(format);
  const bytes = new Uint8Array((count * bits) / 8);
  const numbers = numbersOf(layoutNamed(format), bytes);
  const special: Record<string, number[]> = {
    f32: [0, 0x80000000, 1, 0x807fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffffffff, 0x3f800000],
    bf16: [0, 0x8000, 1, 0x807f, 0x7f80, 0xff80, 0x7fc0, 0x7f81, 0xffff, 0x3f80],
    f16: [0, 0x8000, 1, 0x83ff, 0x7c00, 0xfc00, 0x7e00, 0x7c01, 0xffff, 0x3c00],
    int8: [0, 0x80, 0x7f, 0xff, 1],
  };
  let state = count + bits;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647);
  for (let i = 0; i < count; i++) {
    const list = special[format] ?? [];
    numbers[i] = i % 3 === 0 ? list[i % list.length]! : i % 3 === 1 ? random() * 2 : 1000 + (random() % 700);
  }
  return bytes;
}

/** Ids of tokens, some of which come again. */
const idsOf = (rows: number): Int32Array => Int32Array.from({ length: rows }, (_, row) => (row * row) % 5);

/** None; tokens; tokens and, where there are floats and pairs, rotations, of a part of each head. */
function optionsFor({ format, rows, columns }: PlanesOf): KeysOrValues[] {
  const tokens = idsOf(rows);
  // Several blocks are long enough without.
  const isLong = rows * columns > BLOCK;
  if (isLong || !layoutNamed(format).isSigned || columns < 2 || columns % 2 !== 0) return [{}, { tokens }];
  const headDim = [64, 10, 2].find((dim) => columns % dim === 0)!;
  const positions = Int32Array.from({ length: rows }, (_, row) => 3 * row + 1000 * (row % 2));
  const frequencies = Float64Array.from({ length: Math.ceil(headDim / 4) }, (_, pair) => 10 ** -pair);
  const rotaries = [false, true].map((interleaved) => ({ positions, headDim, frequencies, interleaved }));
  return [{}, { tokens }, ...rotaries.map((rotary) => ({ tokens, rotary }))];
}

/** What the definition of planes says, number by number: only the top bits of the tail are there, and the first that is not is 1. */
function truncated(format: string, number: number, tailBits: number): number {
  const { bits, isSigned, tail } = layoutNamed(format);
  const dropped = tail - tailBits;
  if (dropped === 0) return number;
  const kept = Math.floor(number / 2 ** dropped) * 2 ** dropped;
  const headBits = bits - tail - (isSigned ? 1 : 0);
  const head = Math.floor(number / 2 ** tail) % 2 ** headBits;
  const isExact = isSigned && (head === 0 || head === 2 ** headBits - 1);
  return isExact ? kept : kept + 2 ** (dropped - 1);
}

const backends = ['cpu', 'native'] as const;

describe.each(backends)('on the backend %s', (backend) => {
  beforeAll(() => useBackend(backend));

  describe.each(FORMATS)('numbers of %s', (format) => {
    test.each([
      [0, 5],
      [3, 0],
      [1, 1],
      [7, 5],
      [3, 43],
      [64, 64],
      [5, BLOCK / 4],
      [2, BLOCK],
      [1, 2 * BLOCK + 31],
    ])('come back bit by bit: %i rows of %i', (rows, columns) => {
      const of = { format, rows, columns };
      const numbers = numbersOfAllKinds(format, rows * columns);
      for (const options of optionsFor(of)) {
        const file = codec.encode(of, numbers, options);
        expect(Buffer.compare(codec.decode(of, fileInMemory(file)), numbers)).toBe(0);
      }
    });

    test('of which only top planes are read are in the middle of what they may have been', () => {
      const of = { format, rows: 9, columns: 77 };
      const bytes = numbersOfAllKinds(format, 9 * 77);
      const numbers = Array.from(numbersOf(layoutNamed(format), bytes));
      // Tokens that are there once: no row is relative to another.
      for (const tokens of [undefined, Array.from({ length: 9 }, (_, row) => row)]) {
        const file = codec.encode(of, bytes, { tokens });
        for (let tailBits = 0; tailBits <= layoutNamed(format).tail; tailBits++) {
          const found = numbersOf(layoutNamed(format), codec.decode(of, fileInMemory(file), { tailBits }));
          expect(Array.from(found)).toEqual(numbers.map((number) => truncated(format, number, tailBits)));
        }
      }
    });
  });

  test('any matrix comes back, as keys and values of tokens or not', () => {
    const matrix = fc
      .tuple(fc.constantFrom(...FORMATS), fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 40 }))
      .chain(([format, rows, columns]) => {
        const length = (rows * columns * layoutNamed(format).bits) / 8;
        return fc
          .uint8Array({ minLength: length, maxLength: length })
          .map((bytes) => ({ format, rows, columns, bytes }));
      });
    fc.assert(
      fc.property(matrix, fc.nat(), ({ bytes, ...of }, which) => {
        const numbers = bytes.slice();
        const all = optionsFor(of);
        const file = codec.encode(of, numbers, all[which % all.length]!);
        return Buffer.compare(codec.decode(of, fileInMemory(file)), numbers) === 0;
      }),
    );
  });
});

test('the kernel adds residuals with the bits that TypeScript makes, of numbers of all kinds', async () => {
  const [rows, columns] = [70, 24];
  const bytes = numbersOfAllKinds('bf16', rows * columns);
  const of = { format: 'bf16', rows, columns };
  for (const options of optionsFor(of)) {
    const file = codec.encode(of, bytes, options);
    for (let tailBits = 0; tailBits <= 7; tailBits++) {
      const found: Uint8Array[] = [];
      for (const backend of backends) {
        await useBackend(backend);
        found.push(codec.decode(of, fileInMemory(file), { tailBits }));
      }
      expect(Buffer.compare(found[0]!, found[1]!)).toBe(0);
    }
  }
});

test('the kernel makes the bits that TypeScript makes, also of heads that no number has', async () => {
  await useBackend('native');
  const kernel = (tf.backend() as unknown as { joinPlanes: Parameters<typeof join>[4] & object }).joinPlanes.bind(
    tf.backend(),
  );
  for (const format of FORMATS) {
    const layout = layoutNamed(format);
    for (const count of [32, 64, 96, 4128]) {
      const block = split(layout, numbersOf(layout, numbersOfAllKinds(format, count)));
      block.heads.forEach((head, i) => (block.heads[i] = i % 5 === 0 ? head ^ 0xa5 : head));
      for (let dropped = 0; dropped <= layout.tail; dropped++) {
        const [here, there] = [new Uint8Array((count * layout.bits) / 8), new Uint8Array((count * layout.bits) / 8)];
        join(layout, block, dropped, here, undefined);
        join(layout, block, dropped, there, kernel);
        expect(Buffer.compare(here, there)).toBe(0);
      }
    }
  }
});

describe('top planes', () => {
  const values = Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i * i) * 10 ** ((i % 7) - 3));
  const of = { format: 'bf16', rows: 64, columns: 64 };

  test('have at most half of the step that is left as their error', () => {
    const exact = bfloat16ToFloat32(float32ToBfloat16(values));
    const file = codec.encode(of, new Uint8Array(float32ToBfloat16(values).buffer));
    for (let tailBits = 0; tailBits <= 7; tailBits++) {
      const bytes = codec.decode(of, fileInMemory(file), { tailBits });
      const found = bfloat16ToFloat32(new Uint16Array(bytes.buffer));
      for (const [i, value] of exact.entries()) {
        const step = 2 ** (Math.floor(Math.log2(Math.abs(value))) - tailBits);
        expect(Math.abs(found[i]! - value)).toBeLessThanOrEqual(value === 0 || tailBits === 7 ? 0 : step / 2);
      }
    }
  });

  test('are a beginning of the file, and no more of it is read', () => {
    const file = codec.encode(of, new Uint8Array(float32ToBfloat16(values).buffer));
    const lengths = [0, 1, 4, 7].map((tailBits) => {
      let most = 0;
      const beginning = (length: number): Uint8Array => {
        most = Math.max(most, length);
        return file.slice(0, length);
      };
      codec.decode(of, { bytes: file.length, beginning, where: 'here' }, { tailBits });
      return most;
    });
    // A plane of 4096 bits, which are random here, is 512 bytes.
    expect(lengths).toEqual([file.length - 7 * 512, file.length - 6 * 512, file.length - 3 * 512, file.length]);
  });

  test('keep infinities, and zeros of both signs', () => {
    const special = Float32Array.of(0, -0, Infinity, -Infinity, 1);
    const file = codec.encode({ format: 'f32', rows: 1, columns: 5 }, new Uint8Array(special.slice().buffer));
    const bytes = codec.decode({ format: 'f32', rows: 1, columns: 5 }, fileInMemory(file), { tailBits: 0 });
    expect(Array.from(new Float32Array(bytes.buffer))).toEqual([0, -0, Infinity, -Infinity, 1.5]);
  });

  test('a number of planes that there are not is a defect', () => {
    const file = codec.encode(of, new Uint8Array(2 * 4096));
    for (const tailBits of [-1, 8, 0.5, NaN])
      expect(() => codec.decode(of, fileInMemory(file), { tailBits })).toThrow(/0 to 7 bits below the head/);
  });
});

describe('what is alike takes less', () => {
  /** Numbers of the normal distribution, by Box and Muller. */
  function normal(count: number): Float32Array {
    let state = 7;
    const uniform = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    return Float32Array.from(
      { length: count },
      () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
    );
  }

  test('normally distributed weights in bf16 take what the entropy of their exponents allows, and 2 % more at most', () => {
    const numbers = float32ToBfloat16(normal(512 * 256).map((value) => 0.02 * value));
    const counts = new Map<number, number>();
    for (const number of numbers) counts.set((number >> 7) & 255, (counts.get((number >> 7) & 255) ?? 0) + 1);
    let bits = 0;
    for (const count of counts.values()) bits -= count * Math.log2(count / numbers.length);
    const bound = numbers.length + bits / 8; // sign and mantissa are 8 bits, and random
    const file = codec.encode({ format: 'bf16', rows: 512, columns: 256 }, new Uint8Array(numbers.buffer));
    expect(file.length).toBeGreaterThan(bound);
    expect(file.length).toBeLessThan(1.02 * bound);
    expect(1 - file.length / numbers.byteLength).toBeGreaterThan(0.3);
  });

  const keys = { format: 'bf16', rows: 1024, columns: 64 };
  const sizeOf = (values: Float32Array, options: KeysOrValues): number =>
    codec.encode(keys, new Uint8Array(float32ToBfloat16(values).buffer), options).length;
  const once = Array.from({ length: 1024 }, (_, row) => row);

  test('channels of other sizes and signs take less side by side', () => {
    // Channel c has numbers around ±2^(c / 4), half as wide.
    const alike = normal(1024 * 64).map((x, i) => (1 + x / 4) * 2 ** ((i % 64) / 4) * (i % 2 === 0 ? 1 : -1));
    expect(sizeOf(alike, { tokens: once })).toBeLessThan(0.96 * sizeOf(alike, {}));
  });

  describe('vectors of 32 tokens, again and again', () => {
    const tokens = once.map((row) => row % 32);
    const random = normal(32 * 64);
    const repeated = Float32Array.from(
      { length: 1024 * 64 },
      (_, i) => random[(Math.floor(i / 64) % 32) * 64 + (i % 64)]!,
    );

    test('take next to nothing where they are equal', () => {
      expect(sizeOf(repeated, { tokens })).toBeLessThan(0.05 * sizeOf(normal(1024 * 64), { tokens }));
    });

    test('take less the more alike they are', () => {
      const noise = normal(1024 * 64);
      const sizes = [0.001, 0.01, 0.1].map((share) =>
        sizeOf(
          repeated.map((x, i) => x * (1 + share * noise[i]!)),
          { tokens },
        ),
      );
      const [fresh] = [sizeOf(noise, { tokens: once })];
      // 0.1 % is a quarter of a step of bf16: few numbers are another. 1 % is two and a half steps, 10 % are 25.
      expect(sizes[0]! / fresh).toBeLessThan(0.2);
      expect(sizes[1]! / fresh).toBeLessThan(0.45);
      expect(sizes[2]! / fresh).toBeLessThan(0.75);
    });

    test.each([false, true])(
      'take little where positions rotate them, if it is told how; pairs are neighbours: %s',
      (interleaved) => {
        const positions = Int32Array.from(once, (row) => 7 * row);
        const frequencies = Float64Array.from({ length: 16 }, (_, pair) => 10_000 ** (-pair / 16));
        const rotated = repeated.slice();
        for (const row of once) {
          for (const head of [0, 32]) {
            for (const [pair, frequency] of frequencies.entries()) {
              const first = row * 64 + head + (interleaved ? 2 * pair : pair);
              const second = first + (interleaved ? 1 : 16);
              const [c, s] = [Math.cos(positions[row]! * frequency), Math.sin(positions[row]! * frequency)];
              const [a, b] = [repeated[first]!, repeated[second]!];
              [rotated[first], rotated[second]] = [a * c - b * s, a * s + b * c];
            }
          }
        }
        const rotary = { positions, headDim: 32, frequencies, interleaved };
        const plain = sizeOf(rotated, { tokens: once });
        // Both vectors are rounded, so that some numbers differ by a step or two; one that is near zero beside its pair's other, by more.
        expect(sizeOf(rotated, { tokens, rotary }) / plain).toBeLessThan(0.3);
        expect(sizeOf(rotated, { tokens }) / plain).toBeGreaterThan(0.9);
        const others = { ...rotary, interleaved: !interleaved };
        expect(sizeOf(rotated, { tokens, rotary: others }) / plain).toBeGreaterThan(0.9);
      },
    );
  });

  test('what does not go together is a defect', () => {
    const numbers = new Uint8Array(12 * 8 * 2);
    const of = { format: 'bf16', rows: 12, columns: 8 };
    const tokens = idsOf(12);
    const rotary = { positions: tokens, headDim: 4, frequencies: [1, 0.1], interleaved: false };
    const wrong: [KeysOrValues, RegExp][] = [
      [{ tokens: idsOf(11) }, /12 rows have 11 tokens/],
      [{ rotary }, /a token and a position each/],
      [{ tokens, rotary: { ...rotary, positions: [1] } }, /a token and a position each/],
      [
        { tokens, rotary: { ...rotary, positions: Float64Array.from(tokens, (each) => each / 2) } },
        /position 0.5 of row 1/,
      ],
      [{ tokens, rotary: { ...rotary, positions: Array.from(tokens, () => 2 ** 31) } }, /no integer of 32 bits/],
      [{ tokens, rotary: { ...rotary, headDim: 4.5 } }, /no heads of 4.5/],
      [{ tokens, rotary: { ...rotary, headDim: 0, frequencies: [] } }, /no heads of 0/],
      [{ tokens, rotary: { ...rotary, headDim: 5 } }, /no heads of 5 with 2 rotated pairs/],
      [{ tokens, rotary: { ...rotary, frequencies: [1, 2, 3] } }, /no heads of 4 with 3 rotated pairs/],
    ];
    for (const [options, message] of wrong) expect(() => codec.encode(of, numbers, options)).toThrow(message);
    expect(() => codec.encode({ ...of, format: 'int8' }, new Uint8Array(96), { tokens, rotary })).toThrow(/of int8/);
  });

  test('float32 that were bfloat16 take no more for it', () => {
    const values = bfloat16ToFloat32(float32ToBfloat16(normal(256 * 64)));
    const of = { rows: 256, columns: 64 };
    const wide = codec.encode({ ...of, format: 'f32' }, new Uint8Array(values.buffer));
    const narrow = codec.encode({ ...of, format: 'bf16' }, new Uint8Array(float32ToBfloat16(values).buffer));
    // 16 planes of zeros: a frame and 8 bytes of table each.
    expect(wide.length - narrow.length).toBeLessThan(16 * 32);
  });
});

test('half precision is told from bfloat16', () => {
  const of = { format: 'f16', rows: 1, columns: 4 };
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001);
  const bytes = codec.decode(of, fileInMemory(codec.encode(of, new Uint8Array(halves.buffer))), { tailBits: 9 });
  const expected = [1 + 2 ** -10, -2 - 2 ** -9, 65504, 0]; // each in the middle of two, but for the subnormal number
  expect(Array.from(float16ToFloat32(new Uint16Array(bytes.buffer)))).toEqual(expected);
});
