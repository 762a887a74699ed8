/** @file The stage `chunk` in all its modes, between the real stages. */
import { join } from 'node:path';
import { readTokenTable } from '@arrowsmith/training';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RealChain, realChain } from './support/real-chain.ts';

let chain: RealChain;
beforeEach(async () => {
  chain = realChain();
  await chain.runUntil('tokenizer');
});
afterEach(() => chain.remove());

async function chunk(parameters: object) {
  const { highlights } = await chain.run('chunk', parameters);
  const table = await readTokenTable(join(chain.workspace.root, 'artifacts/bad/chunk/train.arrow'));
  const { inputs, targets, documents } = await table.read(Array.from({ length: table.rows }, (_, row) => row));
  return { table, inputs, targets: [...targets].filter((id) => id >= 0), documents: documents!, highlights };
}

test('every mode predicts the same tokens once, in the order of the corpus; shuffling changes the order only', async () => {
  const packed = await chunk({ threads: 1 });
  expect(packed.table.tokens).toBe(packed.targets.length);
  for (const parameters of [
    { mode: 'documents' },
    { mode: 'windows' },
    { mode: 'windows', stride: 3, contextLength: 9 },
  ]) {
    const { table, targets, inputs, documents } = await chunk(parameters);
    expect(targets).toEqual(packed.targets);
    expect(table).toMatchObject({ tokens: packed.table.tokens, bytes: packed.table.bytes });
    expect(table.rows).toBeGreaterThan(packed.table.rows);
    const ofRow = (row: number) => documents.slice(row * table.contextLength, (row + 1) * table.contextLength);
    const kinds = Array.from(
      { length: table.rows },
      (_, row) => new Set(ofRow(row).filter((document) => document >= 0)).size,
    );
    expect(new Set(kinds)).toEqual(new Set([1])); // a row is of one document, and padding
    expect(inputs).toHaveLength(table.rows * table.contextLength);
  }
  const shuffled = await chunk({ shuffle: 5 });
  expect(shuffled.targets).not.toEqual(packed.targets);
  expect(shuffled.targets.toSorted()).toEqual(packed.targets.toSorted());
  expect(shuffled.highlights['encoding']).toMatch(/documents\/s, .* MB\/s, .* tokens\/s/);
});

test.each([
  [{ stride: 4 }, /only mode windows has a stride/],
  [{ mode: 'windows', stride: 17 }, /a stride above contextLength would skip tokens/],
])('%j is refused', async (parameters, message) => {
  await expect(chain.run('chunk', parameters)).rejects.toThrow(message);
});
