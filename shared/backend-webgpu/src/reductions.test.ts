import { expect, test } from 'vitest';
import { maxOf, sumOf, withReductions } from './reductions.ts';

const code = `${sumOf(32)}${maxOf(256)}fn main() {}`;

test('shaders have the functions that they name, by the memory of a workgroup where there are no subgroups', () => {
  const written = withReductions(code, undefined);
  expect(written).toMatch(/fn sumOf\(value: f32, lane: u32\)[^]*fn maxOf\(value: f32, lane: u32\)[^]*fn main/);
  expect(written).not.toContain('subgroup');
});

test('by subgroups where there are, at once where one has all threads', () => {
  const written = withReductions(code, { size: 32, isFixed: true });
  expect(written).toMatch(/^enable subgroups;\n/);
  expect(written).toContain('fn sumOf(value: f32, lane: u32) -> f32 { return subgroupAdd(value); }');
  expect(written).toMatch(/maxOfParts: array<f32, 8>[^]*subgroupMax\(value\)/);
});

test('where their size is not fixed, shaders look at which subgroups they have', () => {
  const written = withReductions(code, { size: 32, isFixed: false });
  expect(written).toMatch(
    /sumOfParts\[subgroupNumber\] = ofSubgroup[^]*i < subgroupCount[^]*@builtin\(num_subgroups\)/,
  );
  expect(written).not.toMatch(/lane [%/] 32u/);
});

test('small subgroups combine few threads, not many', () => {
  const written = withReductions(code, { size: 4, isFixed: true });
  expect(written).toMatch(/sumOfParts: array<f32, 8>[^]*subgroupAdd\(value\)/);
  expect(written).not.toContain('subgroupMax');
});

test('code without such functions stays as it is', () => {
  expect(withReductions('fn main() {}', { size: 32, isFixed: true })).toBe('fn main() {}');
});
