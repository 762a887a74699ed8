/** @file Tests of the table of trainings. */
import { expect, test } from 'vitest';
import { finding, type TrainingRow } from './finding.ts';
import { formatTrainings } from './training-table.ts';

const taken = { backend: 'native bf16', memory: 1.2e9, seconds: 35 * 3600, tokensPerSecond: 2585 };
const large: TrainingRow = { name: 'tinystories-full', parameters: 22.7e6, tokens: 327_680_000, taken };
const small: TrainingRow = {
  name: 'smoke',
  parameters: 41_000,
  tokens: 31_000,
  taken: { ...taken, memory: 0.17e9, seconds: 3, tokensPerSecond: 80_000 },
};

const table = (...rows: TrainingRow[]) =>
  formatTrainings([
    finding('ok', 'Node', 'v20', 'fine'),
    ...rows.map((training) => ({ ...finding('ok', 'training', '', ''), training })),
  ]);

test('each training is a line, numbers end at the right, and a column that would be empty is left out', () => {
  expect(table(large, small)).toEqual([
    'training          parameters   tokens   memory       time  tokens/s  backend',
    'tinystories-full      22.7 M  327.7 M  1.20 GB   35 hours     2,585  native bf16',
    'smoke                   41 k     31 k  0.17 GB  3 seconds    80,000  native bf16',
  ]);
  expect(table()).toEqual([]);
});

test('what could be taken instead is told where there is something, and what does not fit has no time', () => {
  const other = { backend: 'webgpu f32', memory: 2e9, seconds: 9000, tokensPerSecond: 40_000 };
  const lost = { ...taken, seconds: null, tokensPerSecond: null };
  const lines = table({ ...large, other }, { ...small, taken: lost });
  expect(lines[0]).toMatch(/backend +or$/);
  expect(lines[1]).toMatch(/native bf16 {2}2\.5 hours, 2\.00 GB on webgpu f32$/);
  expect(lines[2]).toMatch(/does not fit +native bf16$/);
});
