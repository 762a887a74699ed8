import { appendFileSync, chmodSync, existsSync, mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { canonicalJson, digestOf } from './canonical-json.ts';
import { type Manifest, readManifest, serializeManifest } from './manifest.ts';
import { blobPath, memoPath, putFile, recall, remember, verifiedBlob } from './blobs.ts';

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
});

describe('the memo', () => {
  test('a remembered result is recalled, an unknown key is not', async () => {
    const manifest = manifestOf({ 'a.arrow': { ...(await put('abc')), rows: 1 } });
    const sha256 = await remember(store, 'key', manifest, { seconds: 1 });
    expect(await recall(store, 'key')).toEqual({ manifest, manifestSha256: sha256, run: { seconds: 1 } });
    expect(await recall(store, 'other')).toBeUndefined();
  });

  test('a result whose blob is gone or has another size is not recalled', async () => {
    const entry = await put('abc');
    await remember(store, 'key', manifestOf({ a: entry }), {});
    chmodSync(blobPath(store, entry.sha256), 0o644);
    appendFileSync(blobPath(store, entry.sha256), 'x');
    expect(await recall(store, 'key')).toBeUndefined();
  });

  test('a damaged memo entry or manifest counts as unknown', async () => {
    const sha256 = await remember(store, 'key', manifestOf({}), {});
    writeFileSync(memoPath(store, 'half'), '{"manif');
    expect(await recall(store, 'half')).toBeUndefined();
    writeFileSync(blobPath(store, sha256), '{}');
    expect(await recall(store, 'key')).toBeUndefined();
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
});
