import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blobPath, type Manifest, memoPath, serializeManifest } from '@arrowsmith/artifacts/store';
import type { UserError } from '@arrowsmith/errors';
import { readPointer, type RunRecord, writePointer } from './pointer.ts';
import { toyWorkspace } from './testing/toy-stages.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

const manifest: Manifest = {
  format: 1,
  stage: 'count',
  metadata: {},
  files: { 'a.txt': { sha256: 'a'.repeat(64), bytes: 1 } },
};
const sha256Of = (content: Manifest): string => createHash('sha256').update(serializeManifest(content)).digest('hex');
const record = (seconds: number, of = manifest) =>
  ({ step: 'count', stage: 'count', pipeline: 'toy', seconds, manifest: sha256Of(of) }) as RunRecord;
const newWorkspace = () => openWorkspace(mkdtempSync(join(tmpdir(), 'pointer-')), {});

test('a pointer replaces another wholly', async () => {
  const workspace = newWorkspace();
  await writePointer(workspace, manifest, record(1));
  const empty = { ...manifest, files: {} };
  await writePointer(workspace, empty, record(2, empty));
  expect((await readPointer(workspace, 'toy', 'count')).run.seconds).toBe(2);
  expect(readdirSync(join(workspace.root, 'artifacts/toy/count')).sort()).toEqual(['manifest.json', 'run.json']);
});

test('of many that are written at once one stays, whole, and none fails', async () => {
  const workspace = newWorkspace();
  const seconds = Array.from({ length: 8 }, (_, i) => i);
  await Promise.all(seconds.map((each) => writePointer(workspace, manifest, record(each))));
  expect(seconds).toContain((await readPointer(workspace, 'toy', 'count')).run.seconds);
  expect(readdirSync(join(workspace.root, 'artifacts/toy'))).toEqual(['count']);
});

test('what a process that was killed in the middle left beside the pointer goes with the next one', async () => {
  const workspace = newWorkspace();
  for (const name of ['count.new-a1b2c3', 'count.new-d4e5f6.old', 'count-more']) {
    mkdirSync(join(workspace.root, 'artifacts/toy', name), { recursive: true });
    writeFileSync(join(workspace.root, 'artifacts/toy', name, 'manifest.json'), '{"format"');
  }
  await writePointer(workspace, manifest, record(1));
  expect(readdirSync(join(workspace.root, 'artifacts/toy')).sort()).toEqual(['count', 'count-more']);
});

test('a failed write leaves the old pointer', async () => {
  const workspace = newWorkspace();
  await writePointer(workspace, manifest, record(1));
  const impossible = { ...manifest, files: { 'no/such/folder': manifest.files['a.txt']! } };
  await expect(writePointer(workspace, impossible, record(2))).rejects.toThrow(/ENOENT/);
  expect((await readPointer(workspace, 'toy', 'count')).run.seconds).toBe(1);
  expect(readdirSync(join(workspace.root, 'artifacts/toy'))).toEqual(['count']);
});

/** Reads the pointer of `count`, and what was said about it. */
async function read(workspace: Workspace) {
  const said: string[] = [];
  const pointer = await readPointer(workspace, 'toy', 'count', (line) => said.push(line));
  return { pointer, said };
}

/** Damages of a file: bits flipped here and there, and its end cut off. */
function* damages(bytes: Buffer): Generator<Buffer> {
  for (let bit = 0; bit < 8 * bytes.length; bit += 61) {
    const damaged = Buffer.from(bytes);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    yield damaged;
  }
  for (let length = 0; length < bytes.length; length += 83) yield bytes.subarray(0, length);
}

describe.each(['manifest.json', 'run.json'])('%s, damaged', (file) => {
  test('with the store: the same is read, or it is put right and said', async () => {
    const { workspace, run } = toyWorkspace();
    const { outcome: _, ...expected } = await run('count');
    const path = join(workspace.root, 'artifacts/toy/count', file);
    const bytes = readFileSync(path);
    const { pointer: before } = await read(workspace);
    const healed: boolean[] = [];
    for (const damaged of damages(bytes)) {
      writeFileSync(path, damaged);
      const result = await read(workspace).catch((error: UserError) => error.message);
      if (typeof result === 'string') continue; // the key in run.json was hit
      expect(result.pointer.manifest).toEqual(before.manifest);
      expect(result.pointer.run).toMatchObject(expected);
      healed.push(result.said.length === 1);
      writeFileSync(path, bytes);
    }
    expect(healed.length).toBeGreaterThan(15);
    expect(healed.filter(Boolean).length / healed.length).toBeGreaterThan(0.9); // else spaces were hit
  });

  test('without the store: the same is read, or an error names the file and a command that helps', async () => {
    const { workspace, run } = toyWorkspace();
    await run('count');
    rmSync(workspace.store, { recursive: true });
    const path = join(workspace.root, 'artifacts/toy/count', file);
    const bytes = readFileSync(path);
    const { pointer: before } = await read(workspace);
    for (const damaged of damages(bytes)) {
      writeFileSync(path, damaged);
      const result = await read(workspace).catch((error: UserError) => error.message);
      const naming = new RegExp(`${file} is damaged[^]*npx nx run count:toy --skip-nx-cache .*nx reset`);
      expect(result).toSatisfy((each) =>
        typeof each === 'string' ? naming.test(each) : isDeepStrictEqual(each, { pointer: before, said: [] }),
      );
    }
  });

  test('a folder in its place, and none at all', async () => {
    const { workspace, run } = toyWorkspace();
    await run('count');
    rmSync(workspace.store, { recursive: true });
    const path = join(workspace.root, 'artifacts/toy/count', file);
    rmSync(path);
    await expect(read(workspace)).rejects.toThrow(new RegExp(`${file} is missing[^]*to do: +npx nx run count:toy`));
    mkdirSync(path);
    await expect(read(workspace)).rejects.toThrow(new RegExp(`${file} is damaged[^]*found: +a folder`));
    rmSync(join(path, '..'), { recursive: true });
    await expect(read(workspace)).rejects.toThrow(/no artifact manifest[^]*to do: +npx nx run count:toy$/);
  });
});

test('the pointer of another stage or pipeline, and a manifest of another run, are not taken for this one', async () => {
  const { workspace, run } = toyWorkspace();
  await run('count', ['--to=1']);
  const folder = join(workspace.root, 'artifacts/toy/count');
  cpSync(folder, `${folder}-1`, { recursive: true, verbatimSymlinks: true });
  await run('count', ['--to=2']);
  const { pointer } = await read(workspace);
  cpSync(join(`${folder}-1`, 'manifest.json'), join(folder, 'manifest.json'));
  const healed = await read(workspace);
  expect(healed).toEqual({
    pointer,
    said: [expect.stringMatching(/manifest\.json was damaged \(sha256 .*nx reset --onlyCache/)],
  });
  rmSync(memoPath(workspace.store, pointer.run.key));
  rmSync(blobPath(workspace.store, pointer.run.manifest));
  expect(await read(workspace)).toEqual({ pointer, said: [] });
  await run('double');
  cpSync(join(workspace.root, 'artifacts/toy/double'), folder, { recursive: true, verbatimSymlinks: true });
  await expect(read(workspace)).rejects.toThrow(/run\.json is damaged[^]*found: +that of double of toy/);
  cpSync(join(workspace.root, 'artifacts/toy/double'), join(workspace.root, 'artifacts/other/double'), {
    recursive: true,
    verbatimSymlinks: true,
  });
  await expect(readPointer(workspace, 'other', 'double')).rejects.toThrow(/found: +that of double of toy/);
});
