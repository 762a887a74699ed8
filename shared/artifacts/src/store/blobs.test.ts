import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { canonicalJson, digestOf } from './canonical-json.ts';
import { type Manifest, parseManifest, readManifest, serializeManifest } from './manifest.ts';
import { blobPath, putFile, storedManifest, verifiedBlob } from './blobs.ts';

let store: string;
beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), 'store-'));
});

async function put(content: string) {
  const path = join(store, 'new-file');
  writeFileSync(path, content);
  return putFile(store, path);
}

const manifestOf = (files: Manifest['files']): Manifest => ({ format: 1, stage: 'train', metadata: { steps: 3 }, files });

describe('blobs', () => {
  // Published test vector of SHA-256: FIPS 180-2, appendix B.1.
  const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

  test('a file is stored under its SHA-256, read-only, and moved rather than copied', async () => {
    expect(await put('abc')).toEqual({ sha256: ABC, bytes: 3 });
    expect(existsSync(join(store, 'new-file'))).toBe(false);
    expect(readFileSync(blobPath(store, ABC), 'utf8')).toBe('abc');
    expect(await put('abc')).toEqual({ sha256: ABC, bytes: 3 }); // a second time changes nothing
  });

  test('a flipped byte is found on reading, and the blob is set aside so that it can be made again', async () => {
    const entry = await put('abc');
    chmodSync(blobPath(store, ABC), 0o644);
    writeFileSync(blobPath(store, ABC), 'abd');
    const read = verifiedBlob(store, entry, 'artifacts/x/train/weights.arrow', 'npx nx run train:x --skip-nx-cache');
    await expect(read).rejects.toThrow(/weights\.arrow is corrupt[^]*expected: +3 bytes with sha256 ba78[^]*to do: +npx nx run train:x/);
    expect(existsSync(blobPath(store, ABC))).toBe(false);
    expect(readFileSync(join(store, 'corrupt', ABC), 'utf8')).toBe('abd');
    expect(await put('abc')).toEqual(entry);
    expect(await verifiedBlob(store, entry, '', '')).toBe(blobPath(store, ABC));
  });

  test('a truncated blob and a missing one are found on reading', async () => {
    const entry = await put('abcdef');
    chmodSync(blobPath(store, entry.sha256), 0o644);
    truncateSync(blobPath(store, entry.sha256), 4);
    await expect(verifiedBlob(store, entry, 'file', 'again')).rejects.toThrow(/corrupt[^]*found: +4 bytes/);
    await expect(verifiedBlob(store, entry, 'file', 'again')).rejects.toThrow(/missing from the store[^]*to do: +again/);
  });

  test('a folder in place of a blob is set aside, on reading and on writing', async () => {
    const entry = await put('abc');
    const inPlace = (): void => {
      rmSync(blobPath(store, entry.sha256), { force: true });
      mkdirSync(join(blobPath(store, entry.sha256), 'x'), { recursive: true });
    };
    inPlace();
    const read = verifiedBlob(store, entry, 'weights.arrow', 'again');
    await expect(read).rejects.toThrow(/weights\.arrow is corrupt[^]*set aside[^]*found: +something that is no file/);
    inPlace();
    expect(await put('abc')).toEqual(entry);
    expect(await verifiedBlob(store, entry, '', '')).toBe(blobPath(store, entry.sha256));
  });
});

describe('manifests', () => {
  test('equal content has one spelling, whatever the order of its keys', () => {
    const a = manifestOf({ x: { sha256: 'a'.repeat(64), bytes: 1 }, y: { bytes: 2, sha256: 'b'.repeat(64) } });
    const b = { files: { y: a.files['y']!, x: a.files['x']! }, metadata: a.metadata, stage: 'train', format: 1 as const };
    expect(serializeManifest(b)).toBe(serializeManifest(a));
  });

  test('canonical JSON sorts keys at every depth, keeps arrays, and leaves out undefined', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: undefined, A: null })).toBe('{"A":null,"b":[{"c":2,"d":1}]}');
    expect(digestOf({ a: 1, b: 2 })).toBe(digestOf({ b: 2, a: 1 }));
  });

  test('a missing or broken manifest is an error that says what to run', async () => {
    await expect(readManifest(join(store, 'manifest.json'), 'npx nx run chunk:x')).rejects.toThrow(/to do: +npx nx run chunk:x/);
    writeFileSync(join(store, 'manifest.json'), '{"format": 2, "stage": "chunk"}');
    await expect(readManifest(join(store, 'manifest.json'), 'again')).rejects.toThrow(/not an artifact manifest[^]*format/);
    writeFileSync(join(store, 'manifest.json'), '{"format"');
    await expect(readManifest(join(store, 'manifest.json'), 'again')).rejects.toThrow(/not an artifact manifest/);
  });

  test('a stored manifest is read by its digest; one that was changed is set aside, one that is gone is none', async () => {
    const text = serializeManifest(manifestOf({}));
    const { sha256 } = await put(text);
    expect(await storedManifest(store, sha256, 'the manifest of train', 'again')).toEqual(manifestOf({}));
    chmodSync(blobPath(store, sha256), 0o644);
    writeFileSync(blobPath(store, sha256), text.replace('"train"', '"crain"'));
    const read = storedManifest(store, sha256, 'the manifest of train', 'again');
    await expect(read).rejects.toThrow(/the manifest of train is corrupt[^]*set aside as[^]*to do: +again/);
    expect(await storedManifest(store, sha256, 'the manifest of train', 'again')).toBeUndefined();
  });

  test.each(['../x', 'a/b', '..', 'run.json'])('%s is no name of a file of an artifact', (name) => {
    const text = serializeManifest(manifestOf({ [name]: { sha256: 'a'.repeat(64), bytes: 1 } }));
    expect(parseManifest(text)).toMatchObject({ problem: expect.stringContaining(name) });
  });
});
