import { appendFileSync, chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { blobPath, putFile } from './blobs.ts';
import { type Manifest } from './manifest.ts';
import { memoPath, readMemo, recall, remember } from './memo.ts';

let store: string;
let problems: string[];
beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), 'memo-'));
  problems = [];
});

async function put(content: string) {
  writeFileSync(join(store, 'new-file'), content);
  return putFile(store, join(store, 'new-file'));
}

const manifestOf = (files: Manifest['files'], stage = 'train'): Manifest => ({
  format: 1,
  stage,
  metadata: { steps: 3 },
  files,
});
const look = (key: string, stage?: string) =>
  recall(store, key, { ...(stage === undefined ? {} : { stage }), onProblem: (problem) => problems.push(problem) });

test('a remembered result is recalled, an unknown key is not', async () => {
  const manifest = manifestOf({ 'a.arrow': { ...(await put('abc')), rows: 1 } });
  const run = { seconds: 1, worst: Number.NaN, name: undefined, stage: 'train' };
  const sha256 = await remember(store, 'key', manifest, run);
  const kept = { seconds: 1, worst: null, stage: 'train' }; // as JSON keeps it
  expect(await look('key', 'train')).toEqual({ manifest, manifestSha256: sha256, run: kept });
  expect(await look('other')).toBeUndefined();
  expect(problems).toEqual([]);
});

test('a result whose blob is gone or has another size is not recalled, and that is said', async () => {
  const entry = await put('abc');
  await remember(store, 'key', manifestOf({ a: entry }), {});
  chmodSync(blobPath(store, entry.sha256), 0o644);
  appendFileSync(blobPath(store, entry.sha256), 'x');
  expect(await look('key')).toBeUndefined();
  rmSync(blobPath(store, entry.sha256));
  expect(await look('key')).toBeUndefined();
  expect(problems).toEqual([1, 2].map(() => expect.stringMatching(/^a is missing from the store, or has another size/)));
});

test('whatever bit of an entry is flipped, the same is recalled, or nothing and why', async () => {
  const manifest = manifestOf({ a: await put('abc') });
  const run = { key: 'key', stage: 'train', seconds: 1.5, metrics: { loss: 2 }, note: 'é' };
  await remember(store, 'key', manifest, run);
  const bytes = readFileSync(memoPath(store, 'key'));
  const entry = await look('key');
  for (let bit = 0; bit < 8 * bytes.length; bit += 3) {
    const damaged = Buffer.from(bytes);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    writeFileSync(memoPath(store, 'key'), damaged);
    problems = [];
    const found = await look('key', 'train');
    if (found === undefined) expect(problems).toEqual([expect.stringContaining('key.json')]);
    else expect(found).toEqual(entry);
  }
  for (let length = 0; length < bytes.length - 1; length += 7) {
    writeFileSync(memoPath(store, 'key'), bytes.subarray(0, length));
    expect(await look('key')).toBeUndefined();
  }
  expect(existsSync(join(store, 'corrupt/key.json'))).toBe(true);
});

test('an entry of another key or another stage is not believed', async () => {
  await remember(store, 'key', manifestOf({}), { key: 'key', stage: 'train' });
  copyFileSync(memoPath(store, 'key'), memoPath(store, 'copy'));
  expect(await look('copy')).toBeUndefined();
  expect(await look('key', 'chunk')).toBeUndefined();
  await remember(store, 'key', manifestOf({}, 'chunk'), { stage: 'train' });
  expect(await look('key')).toBeUndefined();
  expect(problems).toEqual([
    expect.stringMatching(/changed since it was written/),
    expect.stringMatching(/names an artifact of stage train, not of chunk/),
    expect.stringMatching(/names an artifact of stage chunk, not of train/),
  ]);
});

test('an entry that has lost its digest is not believed, and what it names is still in use', async () => {
  const manifest = await remember(store, 'key', manifestOf({}), { key: 'key', stage: 'train' });
  const { sha256: _, ...before } = JSON.parse(readFileSync(memoPath(store, 'key'), 'utf8')) as Record<string, unknown>;
  writeFileSync(memoPath(store, 'key'), JSON.stringify(before)); // as it was before there were digests
  expect(await look('key')).toBeUndefined();
  expect(problems).toEqual([expect.stringMatching(/has no sha256 of itself/)]);
  expect(await readMemo(store, 'key')).toMatchObject({ manifestSha256: manifest });
  writeFileSync(memoPath(store, 'other'), JSON.stringify(before));
  expect(await readMemo(store, 'other')).toEqual({ problem: 'the entry of another key, key' });
});

test('a manifest that is damaged, missing or a folder, and a folder in place of an entry, count as unknown', async () => {
  const sha256 = await remember(store, 'key', manifestOf({}), {});
  writeFileSync(blobPath(store, sha256), '{}');
  expect(await look('key')).toBeUndefined();
  expect(await look('key')).toBeUndefined();
  mkdirSync(blobPath(store, sha256));
  expect(await look('key')).toBeUndefined();
  await remember(store, 'key', manifestOf({}), {}); // which puts it right
  expect(await look('key')).toBeDefined();
  rmSync(memoPath(store, 'key'));
  mkdirSync(memoPath(store, 'key'));
  expect(await look('key')).toBeUndefined();
  expect(problems).toEqual([
    expect.stringMatching(/corrupt: 2 bytes with sha256/),
    expect.stringMatching(/names is missing from the store/),
    expect.stringMatching(/corrupt: a folder/),
    expect.stringMatching(/key\.json is a folder \(set aside/),
  ]);
});
