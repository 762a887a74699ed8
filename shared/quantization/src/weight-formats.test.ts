import { expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import { numberFormats } from './formats/index.ts';
import { quantizeInt8 } from './int8.ts';
import { storeAs } from './store-as.ts';
import { checkStored, decodeStored, storeBfloat16, storeFloat32, storeInt8 } from './weight-formats.ts';

const tensor = {
  shape: [2, 3, 256],
  data: Float32Array.from({ length: 2 * 3 * 256 }, (_, i) => Math.sin(i * i)),
};

test.each([...numberFormats.keys()])('a tensor in %s has the bytes that its format says, and comes back', (format) => {
  const stored = storeAs(format, tensor);
  expect(stored.format).toBe(format);
  checkStored({ ...stored, bytes: stored.bytes.length }, 'here');
  const values = decodeStored(stored);
  expect(values.length).toBe(tensor.data.length);
  expect(Math.hypot(...values.map((value, i) => value - tensor.data[i]!)) / Math.hypot(...tensor.data)).toBeLessThan(
    0.5,
  );
  expect(() => checkStored({ ...stored, bytes: stored.bytes.length + 1 }, 'here')).toThrow(UserError);
});

test.each([...numberFormats.keys()])('a tensor without rows is stored in %s', (format) => {
  const stored = storeAs(format, { shape: [0, 256], data: new Float32Array(0) });
  checkStored({ ...stored, bytes: stored.bytes.length }, 'here');
  expect(decodeStored(stored).length).toBe(0);
});

test('float32, bfloat16 and int8 have the bytes that they have by themselves', () => {
  expect(storeAs('f32', tensor)).toEqual(storeFloat32(tensor));
  expect(storeAs('bf16', tensor)).toEqual(storeBfloat16(tensor));
  expect(storeAs('int8', tensor)).toEqual(storeInt8(quantizeInt8(tensor)));
  // Scales 1 and ½ as float32, then the integers.
  const small = { shape: [2, 2], data: Float32Array.of(127, -3, 63.5, 1) };
  expect(Array.from(storeAs('int8', small).bytes)).toEqual([0, 0, 128, 63, 0, 0, 0, 63, 127, 253, 127, 2]);
});

test('rows that cannot be cut into blocks are stored in another format, which is said', () => {
  const odd = { shape: [2, 96], data: new Float32Array(2 * 96).fill(0.5) };
  expect(storeAs('Q4_K', odd).format).toBe('Q5_0');
  expect(storeAs('int4-g128', odd).format).toBe('int4-g32');
});

test('what no format can have been is an error that says why', () => {
  const check = (shape: number[], format: string, bytes: number) => () =>
    checkStored({ shape, format, bytes }, 'file, q');
  expect(check([2, 96], 'Q4_K', 108)).toThrow(/file, q[^]*rows of a multiple of 256 values in Q4_K[^]*shape \[2, 96\]/);
  expect(check([2, 96], 'Q9_K', 108)).toThrow(/a format of f32, [^]*Q2_K[^]*Q9_K/);
  expect(check([2, 96], 'toString', 108)).toThrow(UserError);
  expect(check([-2, -96], 'f32', 768)).toThrow(/natural numbers/);
});
