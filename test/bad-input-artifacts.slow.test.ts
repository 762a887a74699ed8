/** @file Missing and damaged artifacts in front of the real stages: an error that names the command which heals them, and heals them. */
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blobPath } from '@arrowsmith/artifacts';
import { type JsonObject, loadStage, readPointer, type StageContext } from '@arrowsmith/pipeline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectError, type RealChain, realChain, type StageName } from './support/real-chain.ts';
import { REPOSITORY } from './support/workspace.ts';

let chain: RealChain;
beforeEach(() => {
  chain = realChain();
});
afterEach(() => chain.remove());

const pointer = (stage: StageName, file: string) => join(chain.workspace.root, 'artifacts/bad', stage, file);

async function blobOf(stage: StageName, file: string): Promise<string> {
  const { manifest } = await readPointer(chain.workspace, 'bad', stage);
  return blobPath(chain.workspace.store, manifest.files[file]!.sha256);
}

function flipByte(path: string): void {
  const content = readFileSync(path);
  content[content.length >> 1]! ^= 1;
  chmodSync(path, 0o644);
  writeFileSync(path, content);
}

function cutInHalf(path: string): void {
  chmodSync(path, 0o644);
  truncateSync(path, readFileSync(path).length >> 1);
}

describe.each([
  ['a flipped byte', flipByte, /is corrupt[^]*set aside as[^]*found: +sha256 [0-9a-f]{64}/],
  ['half a file', cutInHalf, /is corrupt[^]*set aside as[^]*found: +\d+ bytes/],
  ['a file that is gone', (path: string) => rmSync(path), /is missing from the store[^]*found: +no such file/],
])('%s', (_, damage, words) => {
  test.each([
    ['tokenizer', 'download', 'train.arrow'],
    ['chunk', 'tokenizer', 'tokenizer.json'],
    ['train', 'chunk', 'validation.arrow'],
    ['quantize', 'train', 'weights.arrow'],
  ] as const)('in front of %s, from %s: %s', async (stage, from, file) => {
    await chain.runUntil(from);
    const blob = await blobOf(from, file);
    const content = readFileSync(blob);
    damage(blob);
    const named = new RegExp(`artifacts/bad/${from}/${file} is [^]*expected: +${content.length} bytes`);
    const healing = new RegExp(`to do: +npx nx run ${from}:bad --skip-nx-cache`);
    await expectError(chain, stage, chain.run(stage), words, named, healing);
    expect((await chain.run(from)).outcome).toBe('computed');
    expect(readFileSync(blob)).toEqual(content);
    expect((await chain.run(stage)).outcome).toBe('computed');
  });
});

test('a stage whose input was never made says which command makes it', async () => {
  await chain.runUntil('tokenizer');
  const making = /to do: +npx nx run chunk:bad$/m;
  await expectError(chain, 'train', chain.run('train'), /no artifact manifest .*artifacts\/bad\/chunk/, making);
});

test.each([
  ['manifest.json', '{"format": 1, "sta'],
  ['manifest.json', '{"format": 2}'],
  ['run.json', '{"stage": "chunk'],
  ['run.json', undefined],
])('%s as %j: the next stage says so, or it is written anew', async (file, content) => {
  await chain.runUntil('chunk');
  const manifest = readFileSync(pointer('chunk', 'manifest.json'));
  if (content === undefined) rmSync(pointer('chunk', file));
  else writeFileSync(pointer('chunk', file), content);
  const naming = new RegExp(
    `${file.replace('.', '\\.')} is (damaged|missing)[^]*to do: +npx nx run chunk:bad --skip-nx-cache`,
  );
  const outcome = await chain.run('train').then(
    ({ outcome: done }) => done,
    (error: Error) => error.message,
  );
  expect(outcome).toMatch(new RegExp(`^computed$|${naming.source}`));
  expect((await chain.run('chunk')).outcome).toBe('recalled');
  expect(readFileSync(pointer('chunk', 'manifest.json'))).toEqual(manifest);
  expect((await chain.run('train')).outcome).toMatch(/computed|recalled/);
});

test('a failed run leaves the artifact of the one before as it was', async () => {
  await chain.runUntil('train');
  const before = readdirSync(pointer('train', '.')).map((file) => readFileSync(pointer('train', file)));
  flipByte(await blobOf('chunk', 'train.arrow'));
  await expect(chain.run('train', { steps: 3 })).rejects.toThrow(/is corrupt/);
  expect(readdirSync(pointer('train', '.')).map((file) => readFileSync(pointer('train', file)))).toEqual(before);
  expect(readdirSync(pointer('train', '..')).sort()).toEqual(['chunk', 'download', 'tokenizer', 'train']);
});

test('a checkpoint of another shape is refused by name and kept', async () => {
  await chain.runUntil('chunk');
  const killed = chain.run('train', {}, async (context: StageContext<JsonObject>) => {
    const model = { ...(context.parameters['model'] as object), hiddenSize: 32 };
    const { run } = await loadStage(REPOSITORY, 'train');
    await run({ ...context, parameters: { ...context.parameters, model } });
    throw new Error('killed');
  });
  await expect(killed).rejects.toThrow('killed');
  await expect(chain.run('train')).rejects.toThrow(
    /checkpoint belongs to another training run[^]*where: +.*step-00000002\.arrow[^]*hiddenSize = 16[^]*hiddenSize = 32[^]*to do: +\S/,
  );
  expect(existsSync(pointer('train', '.'))).toBe(false);
  const [work] = readdirSync(join(chain.workspace.store, 'work'));
  expect(readdirSync(join(chain.workspace.store, 'work', work!, 'state'))).toEqual(['step-00000002.arrow']);
});
