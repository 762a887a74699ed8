/** @file Tests of the addon's kernels: what they are called with is held against their signatures, of which addon-kernels.ts is made. */
import { join } from 'node:path';
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import * as prettier from 'prettier';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Addon, formatCode, loadAddon } from './addon.ts';
import { nativeBuild } from './build.ts';
import { argumentOf, type Parameter, parametersOf, type Sizes } from './testing/kernel-arguments.ts';

const DECLARATIONS = join(import.meta.dirname, 'addon-kernels.ts');

/** Sizes on which no condition is. */
const FREE = [
  'b',
  'n',
  'd',
  'f',
  'v',
  'm',
  'p',
  'input',
  'out',
  'groups',
  'layers',
  'terms',
  'window',
  'chunk',
  'maskSide',
  'bitmapCount',
  'rows',
  'columns',
];

/** All that signatures name, such that their conditions hold. */
function sizesOf(next: () => number): Sizes {
  const free = Object.fromEntries(FREE.map((name) => [name, next()]));
  const [s, kvHeads, rotaryPairs, k, count, a] = [next(), next(), next(), next(), next(), next()];
  const attention = {
    s,
    sKv: s + next(),
    kvHeads,
    heads: kvHeads * next(),
    rotaryPairs,
    headDim: 2 * rotaryPairs + next(),
  };
  const blockSize = 2;
  const [keyOffset, valueOffset, slots] = [next(), next(), 60];
  const pairs = next();
  const pages = { blockSize, keyOffset, valueOffset, slots, keyHeads: kvHeads };
  // Rows of int8, each with some bytes that are nobody's.
  const rows = { rowWords: attention.heads * attention.headDim, rowScales: 2 * attention.heads };
  const others = {
    ...pages,
    ...rows,
    k,
    experts: k + next(),
    a,
    active: a - 1,
    count,
    vocabulary: count + next(),
    countA: 1,
    countB: count,
    step: 1,
    words: next(),
    tokens: next(),
    pairs,
    distinct: next(),
    headWords: pairs + next(),
    predicted: next(),
    angles: next(),
    rest: 6,
    dropped: 2,
  };
  return { ...free, ...attention, ...others, outs: [next(), next()], counts: [next(), next(), next()] };
}

/** 2, 3, … of so many numbers, again and again. */
function cycle(count: number): () => number {
  let calls = 0;
  return () => 2 + (calls++ % count);
}

/** Small ones, of which few are the same. */
const SIZES = sizesOf(cycle(11));

const WRONG_VALUES = [
  undefined,
  null,
  'text',
  {},
  [],
  [null],
  Symbol('s'),
  1n,
  new ArrayBuffer(8),
  new DataView(new ArrayBuffer(8)),
];
const ARRAYS = [Int8Array, Uint8Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array];
const WRONG_SIZES = [-1, 0.5, 1.5, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 32 + 1, 2 ** 53, 2 ** 60, -(2 ** 63), 1e300];

type Kernel = (...values: readonly unknown[]) => void;

/** A kernel, and what it may be called with. */
interface Case {
  name: string;
  parameters: Parameter[];
  values: unknown[];
  call: Kernel;
}

function errorOf(f: () => void): unknown {
  try {
    f();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe.skipIf(!nativeBuild().available)('the kernels of the addon', () => {
  let addon: Addon;
  let cases: Case[];

  const casesOf = (sizes: Sizes): Case[] =>
    addon.declarations().map(([signature, declaration]) => {
      const name = /^\w+/.exec(declaration)![0];
      const parameters = parametersOf(signature, declaration);
      const values = parameters.map((parameter) => argumentOf(parameter, sizes));
      return { name, parameters, values, call: (addon as unknown as Record<string, Kernel>)[name]! };
    });

  beforeAll(async () => {
    addon = await loadAddon(() => undefined);
    cases = casesOf(SIZES);
  }, 120_000);

  /** Calls each kernel with each of its arguments replaced by each of the `wrong` ones; all must be refused, by the argument's name. */
  function expectRefusals(
    wrong: (parameter: Parameter, value: unknown) => readonly unknown[],
    error: typeof Error,
  ): void {
    let calls = 0;
    for (const { name, parameters, values, call } of cases) {
      parameters.forEach((parameter, i) => {
        for (const value of wrong(parameter, values[i])) {
          const what = `${name} with ${parameter.name} = ${inspect(value)}`;
          expect(() => call(...values.with(i, value)), what).toThrow(error);
          expect(() => call(...values.with(i, value)), what).toThrow(new RegExp(`^${name}: .*\\b${parameter.name}\\b`));
          calls++;
        }
      });
    }
    expect(calls).toBeGreaterThan(cases.length);
  }

  // After a change of the table: npx vitest run shared/backend-native/src/addon-kernels.test.ts -u
  test('are declared in TypeScript as in the table', async () => {
    const methods = addon.declarations().map(([signature, declaration]) => {
      const text = signature.replaceAll(/\s*([,;])\s*/g, '$1 ');
      const lines = text.match(/.{1,110}(?:[,;] |$)/g)!.map((line) => ` * ${line.trim()}\n`);
      return `/**\n${lines.join('')} */\n${declaration}\n`;
    });
    const source = `/**
 * @file The kernels as JavaScript sees them, each with its signature (native/kernel-signature.h). Made of the table in native/addon-kernels.h:
 * addon-kernels.test.ts compares, and with -u writes it.
 */

/** A whole number from 1, or, where the signature says so, from 0. */
export type Size = number;

/** Of a stored matrix: \`formatCode\`. */
export type Format = number;

export interface AddonKernels {\n${methods.join('')}}\n`;
    const options = await prettier.resolveConfig(DECLARATIONS);
    const formatted = await prettier.format(source, { ...options, filepath: DECLARATIONS });
    await expect(formatted).toMatchFileSnapshot(DECLARATIONS);
  });

  test('run with arguments that are as their signatures say', () => {
    expect(cases.length).toBeGreaterThan(50);
    const sizes = fc
      .infiniteStream(fc.integer({ min: 1, max: 20 }))
      .map((stream) => sizesOf(() => stream.next().value as number));
    fc.assert(
      fc.property(sizes, (each) => {
        for (const { values, call } of casesOf(each)) call(...values);
      }),
      { numRuns: 30 },
    );
  });

  test('run without any rows, and where sizes are huge then that no array has, compute nothing or refuse them', () => {
    const withoutRows = cases.filter(({ parameters }) =>
      parameters.some(({ name, least }) => name === 'n' && least === 0),
    );
    expect(withoutRows.length).toBeGreaterThan(30);
    for (const { name, parameters, call } of withoutRows) {
      const values = parameters.map((parameter) => argumentOf(parameter, { ...SIZES, n: 0 }));
      expect(() => call(...values), name).not.toThrow();
      for (const huge of ['d', 'k', 'p', 'experts', 'layers']) {
        const isHuge = ({ name: each, type }: Parameter) => each === huge && type === 'Size';
        const sizes = values.map((value, i) => (isHuge(parameters[i]!) ? 2 ** 53 - 1 : value));
        expect(errorOf(() => call(...sizes)) ?? new RangeError()).toBeInstanceOf(RangeError);
      }
    }
  });

  test('take null for what is optional', () => {
    const optional = cases.flatMap(({ parameters, values, call }) =>
      parameters.flatMap(({ isOptional }, i) => (isOptional ? [() => call(...values.with(i, null))] : [])),
    );
    expect(optional.length).toBeGreaterThan(5);
    for (const call of optional) expect(call).not.toThrow();
  });

  test('refuse an array that is one element too short, or too long', () => {
    expectRefusals((_, value) => {
      if (!ArrayBuffer.isView(value)) return [];
      const { length, constructor } = value as Float32Array;
      const ofLength = (other: number) => new (constructor as Float32ArrayConstructor)(other);
      return [ofLength(length + 1), ...(length > 0 ? [ofLength(length - 1), ofLength(0)] : [])];
    }, RangeError);
  });

  test('refuse lists of too few or too many elements, and with an array that is too short', () => {
    expectRefusals(({ count }, value) => {
      if (count === undefined) return [];
      const list = value as unknown[];
      const arrays = ArrayBuffer.isView(list[0]) ? (list as Float32Array[]) : [];
      return [list.slice(1), [], [...list, list[0]], ...arrays.map((array, i) => arrays.with(i, array.subarray(1)))];
    }, RangeError);
  });

  test('refuse what is of another type', () => {
    const wrong = [...WRONG_VALUES, ...ARRAYS.map((array) => new array(4))];
    expectRefusals(({ type, isOptional }, value) => {
      const isOfType = (each: unknown): boolean =>
        (ArrayBuffer.isView(each) && type.startsWith(each.constructor.name)) || (isOptional && each === null);
      if (!Array.isArray(value)) return [...wrong.filter((each) => !isOfType(each)), type === 'boolean' ? 1 : true];
      // Lists that are none, and lists with an element that is none of theirs.
      const elements = wrong.filter((each) => !ArrayBuffer.isView(each) || each.constructor !== value[0]?.constructor);
      return [
        ...wrong.filter((each) => !Array.isArray(each)),
        ...elements.map((each) => value.with(value.length - 1, each)),
      ];
    }, TypeError);
    const formats = Object.keys(formatCode).length;
    expectRefusals(({ type }, value) => {
      if (type === '0 | 1') return [-1, 2, 0.5, NaN];
      if (type === 'Format') return [-1, formats, 0.5, NaN];
      return type === 'readonly Format[]'
        ? [-1, formats, 0.5, NaN].map((each) => (value as number[]).with(0, each))
        : [];
    }, TypeError);
  });

  test('refuse sizes that are none, or go beyond the arrays', () => {
    expectRefusals(({ type, name, least }, value) => {
      if (type === 'readonly Size[]') {
        const sizes = value as number[];
        return [0, ...WRONG_SIZES].flatMap((wrong) => sizes.map((_, i) => sizes.with(i, wrong)));
      }
      if (type !== 'Size') return [];
      const tooSmall = Array.from({ length: least }, (_, i) => i);
      // What is no array's length may be large.
      const isFree = ['window', 'chunk', 'step'].includes(name);
      return [...tooSmall, ...WRONG_SIZES.filter((wrong) => !isFree || !Number.isSafeInteger(wrong) || wrong < 0)];
    }, RangeError);
  });

  const slots = { n: 2, k: 2, d: 1 };
  test.each<[string, Sizes, Record<string, readonly number[]>, string]>([
    ['gemmBatched', { count: 6, countA: 2, countB: 1 }, {}, 'countA must be 1 or count = 6, not 2'],
    ['gemmBatched', { count: 6, countA: 6, countB: 3 }, {}, 'countB must be 1 or count = 6, not 3'],
    ['groupedLinear', { n: 4, groups: 2 }, { offsets: [0, 5, 4] }, 'offsets[2] must rise from 0 to n = 4, not 4'],
    ['groupedLinear', { n: 4, groups: 2 }, { offsets: [1, 2, 4] }, 'offsets[0] must rise from 0 to n = 4, not 1'],
    ['groupedLinear', { n: 4, groups: 2 }, { offsets: [0, 2, 3] }, 'offsets[2] must rise from 0 to n = 4, not 3'],
    ['groupedLinear', { n: 4, groups: 2 }, { offsets: [0, -1, 4] }, 'offsets[1] must rise from 0 to n = 4, not -1'],
    ['groupedLinearGradients', { n: 4, groups: 1 }, { offsets: [0, 9] }, 'offsets[1] must rise from 0 to n = 4, not 9'],
    ['topK', { k: 4, experts: 3 }, {}, 'k must be at most experts = 3, not 4'],
    [
      'topKGradient',
      { n: 1, k: 1, experts: 3 },
      { indices: [3] },
      'indices[0] must be from 0 to below experts = 3, not 3',
    ],
    ['dispatch', slots, { slots: [0, 1, 2, 4] }, 'slots[3] must be from 0 to below n · k = 4, not 4'],
    ['combine', slots, { slots: [0, -1, 2, 3] }, 'slots[1] must be from 0 to below n · k = 4, not -1'],
    [
      'slotProducts',
      slots,
      { slots: [2 ** 31 - 1, 1, 2, 3] },
      'slots[0] must be from 0 to below n · k = 4, not 2147483647',
    ],
    ['attention', { s: 6, sKv: 5 }, {}, 's must be at most sKv = 5, not 6'],
    ['attention', { heads: 3, kvHeads: 2 }, {}, 'heads must be a multiple of kvHeads = 2, not 3'],
    ['attention', { rotaryPairs: 5, headDim: 8 }, {}, '2 · rotaryPairs must be at most headDim = 8, not 10'],
    [
      'attention',
      { b: 1, s: 2, sKv: 2 },
      { documentOffsets: [1, 1] },
      'documentOffsets[0] must rise, and be at most its place in its row of sKv = 2',
    ],
    [
      'attention',
      { b: 2, s: 2, sKv: 2 },
      { documentOffsets: [0, 1, 0, 2] },
      'documentOffsets[3] must rise, and be at most its place',
    ],
    [
      'attentionGradient',
      { b: 1, s: 3, sKv: 3 },
      { documentOffsets: [0, 1, 0] },
      'documentOffsets[2] must rise, and be at most its place',
    ],
    [
      'attentionGradient',
      { b: 1, s: 3, sKv: 3 },
      { documentOffsets: [0, -1, 0] },
      'documentOffsets[1] must rise, and be at most its place',
    ],
    [
      'pagedAttention',
      { n: 3, b: 1 },
      { queryOffsets: [0, 3], lengths: [2], blocks: [0, 0] },
      'lengths[0] must be at least its 3 queries, not 2',
    ],
    [
      'pagedAttention',
      { n: 3, b: 1 },
      { queryOffsets: [0, 3], lengths: [5], blocks: [0, 0] },
      'blocks must have at least 3 elements for lengths with the blockSize 2, not blockCount = 2',
    ],
    [
      'pagedAttention',
      { n: 1, b: 1, maskSide: 0 },
      { queryOffsets: [0, 1], lengths: [1], blocks: [-1] },
      'blocks[0] must not be freed: the sequence 0 sees keys from 0 on',
    ],
    [
      'pagedAttention',
      { n: 1, b: 1, maskSide: 1 },
      { queryOffsets: [0, 1], lengths: [1], blocks: [-1], maskTable: [1] },
      'blocks[0] must not be freed: the sequence 0 sees keys of it',
    ],
    [
      'pagedAttention',
      { n: 1, b: 1, maskSide: 1, bitmapCount: 1 },
      { queryOffsets: [0, 1], lengths: [1], blocks: [0], maskTable: [3] },
      'maskTable[0] must be at least 0 and less than bitmapCount + 2 = 3, not 3',
    ],
    ['attention', { s: 1, sKv: 65, maskSide: 1 }, {}, 'maskSide must be at least 2, for blocks of 64 positions, not 1'],
    [
      'attentionGradient',
      { b: 1, s: 2, sKv: 2, maskSide: 1 },
      { documentOffsets: [0, 0], maskTable: [-1] },
      'maskTable[0] must be at least 0 and less than bitmapCount + 2',
    ],
    [
      'pagedAttention',
      { n: 1, b: 1, slots: 9, keyOffset: 2, valueOffset: 3 },
      { queryOffsets: [0, 1], lengths: [1], blocks: [6] },
      'blocks[0] with valueOffset 3 must have its 1 keys within slots = 9, not from 9 on',
    ],
    [
      'pagedAttentionInt8',
      { n: 3, b: 1 },
      { queryOffsets: [0, 3], lengths: [5], blocks: [0, 0] },
      'blocks must have at least 3 elements for lengths with the blockSize 2, not blockCount = 2',
    ],
    [
      'pagedAttentionInt8',
      { n: 1, b: 1, maskSide: 1, bitmapCount: 1 },
      { queryOffsets: [0, 1], lengths: [1], blocks: [0], maskTable: [3] },
      'maskTable[0] must be at least 0 and less than bitmapCount + 2 = 3, not 3',
    ],
    [
      'pagedAttentionInt8',
      { keyHeads: 2, headDim: 9, rowWords: 4 },
      {},
      'keyHeads · headDim must be at most 4 · rowWords = 16, not 18',
    ],
    ['writeRowsInt8', { heads: 4, headDim: 1, rowScales: 6 }, {}, 'rowScales must be a multiple of heads = 4, not 6'],
    ['writeRowsInt8', { n: 3, slots: 3 }, { at: [2, 0, 2] }, 'at must have no element twice, not 2'],
    ['writeRows', { n: 2, slots: 3 }, { at: [2, 3] }, 'at[1] must be from 0 to below slots = 3, not 3'],
    ['writeRows', { n: 3, slots: 3 }, { at: [2, 0, 2] }, 'at must have no element twice, not 2'],
    [
      'gatherColumns16',
      { tokens: 2, distinct: 3 },
      { index: [2, 3] },
      'index[1] must be from 0 to below distinct = 3, not 3',
    ],
    [
      'addResidualsBf16',
      { tokens: 2, predicted: 3 },
      { residual: [-1, 3] },
      'residual[1] must be from -1 to below predicted = 3, not 3',
    ],
    [
      'addResidualsBf16',
      { tokens: 2, angles: 3 },
      { angle: [2, 3] },
      'angle[1] must be from 0 to below angles = 3, not 3',
    ],
    ['addResidualsBf16', { pairs: 3, headWords: 2 }, {}, 'pairs must be at most headWords = 2, not 3'],
    ['storedEmbedding', { n: 2, v: 3 }, { ids: [2, 3] }, 'ids[1] must be from 0 to below v = 3, not 3'],
    ['storedGroupedLinear', { n: 4, groups: 1 }, { offsets: [0, 5] }, 'offsets[1] must rise from 0 to n = 4, not 5'],
    ['storedEmbedding', { v: 3, d: 5 }, { table: [1, 2] }, 'table must have v by d in format = 7 elements, not 2'],
    ['rope', { rotaryPairs: 5, headDim: 8 }, {}, '2 · rotaryPairs must be at most headDim = 8, not 10'],
    ['altUpPredict', { a: 3, active: 3 }, {}, 'active must be from 0 to below a = 3, not 3'],
    ['altUpPredictGradient', { a: 3, active: 3 }, {}, 'active must be from 0 to below a = 3, not 3'],
    ['altUpCorrect', { a: 3, active: 3 }, {}, 'active must be from 0 to below a = 3, not 3'],
    ['altUpCorrectGradient', { a: 3, active: 3 }, {}, 'active must be from 0 to below a = 3, not 3'],
    ['embedding', { n: 2, v: 3 }, { ids: [2, 3] }, 'ids[1] must be from 0 to below v = 3, not 3'],
    ['embeddingGradient', { n: 2, v: 3 }, { ids: [-1, 2] }, 'ids[0] must be from 0 to below v = 3, not -1'],
    ['tokenLosses', { n: 2, v: 3 }, { targets: [-1, 3] }, 'targets[1] must be from -1 to below v = 3, not 3'],
    ['linearCrossEntropy', { n: 2, v: 3 }, { targets: [-2, 0] }, 'targets[0] must be from -1 to below v = 3, not -2'],
  ])('%s refuses %j with %j', (kernel, sizes, integers, message) => {
    const { parameters, call } = cases.find(({ name }) => name === kernel)!;
    const values = parameters.map((parameter) => {
      const given = integers[parameter.name];
      return given === undefined ? argumentOf(parameter, { ...SIZES, ...sizes }) : Int32Array.from(given);
    });
    expect(() => call(...values)).toThrow(RangeError);
    expect(() => call(...values)).toThrow(`${kernel}: ${message}`);
  });

  test('refuse what would have to wait, at once', () => {
    addon.openQueue(false);
    try {
      expect(() => addon.softmax(2, 3, new Float32Array(6), new Float32Array(5))).toThrow(
        'softmax: y must have n · d = 6 elements, not 5',
      );
      expect(addon.queueLength()).toBe(0);
    } finally {
      addon.closeQueue();
    }
  });
});
