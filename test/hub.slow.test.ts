/**
 * @file A pipeline whose text comes from the hub, through Nx, with the hub there, gone, and wrong. The tests go through one story: each
 * starts from what the one before left.
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Manifest, readMetadata } from '@arrowsmith/artifacts';
import { type HubServer, type HubServerOptions, startHubServer } from '../shared/corpus/src/testing/hub-server.ts';
import { lastRun } from './support/ledger.ts';
import { copyWorkspace, type TestWorkspace } from './support/workspace.ts';

/** Every table of every artifact, with its kind. */
const TABLES = {
  download: { card: 'data-card', train: 'documents', validation: 'documents' },
  tokenizer: { vocabulary: 'vocabulary', merges: 'merges' },
  chunk: { train: 'tokens', validation: 'tokens' },
  train: { weights: 'weights', log: 'training-log' },
  quantize: { weights: 'weights', error: 'quantization-error' },
  evaluate: {
    metrics: 'metrics',
    samples: 'samples',
    documents: 'document-losses',
    positions: 'position-losses',
  },
};
const STAGES = Object.keys(TABLES);

const PLACES = ['the harbour', 'an orchard', 'her kitchen', 'a quiet valley', 'the railway bridge', 'school'];

const stories = (count: number, hero: string) =>
  Buffer.from(
    Array.from(
      { length: count },
      (_, i) =>
        `${hero} walked to ${PLACES[i % 6]} on day ${i}. It began to rain. ${hero} ran home and told everybody.`,
    ).join('<|endoftext|>'),
  );
const FILES = {
  'train.txt': stories(60, 'Ann'),
  'validation.txt': stories(12, 'Bob'),
  'other.txt': stories(60, 'Eve'),
};

let workspace: TestWorkspace;
let hub: HubServer;
let fault: HubServerOptions['fault'];
let closed: string;
beforeAll(async () => {
  workspace = copyWorkspace();
  hub = await startHubServer({ files: FILES, fault: (request) => fault?.(request) });
  closed = await closedPort();
  workspace.write('pipelines/tiny.yaml', pipeline());
});
afterAll(async () => {
  await hub.close();
  workspace.remove();
});

/** An address where nobody answers. */
async function closedPort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}

/** A pipeline as YAML, of which JSON is a part. */
function pipeline(change: object = {}): string {
  const source = {
    type: 'hub',
    repository: hub.repository,
    revision: hub.revision,
    separator: '<|endoftext|>',
    train: hub.pin('train.txt'),
    validation: hub.pin('validation.txt'),
    whenUnreachable: 'embedded',
    embedded: { stories: 40, validationStories: 8, seed: 1 },
    ...change,
  };
  return JSON.stringify({
    steps: {
      download: { source },
      tokenizer: { vocabularySize: 300 },
      chunk: { contextLength: 32 },
      train: {
        steps: 3,
        batchSize: 2,
        model: { hiddenSize: 16, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 32 },
        validation: { rows: 2 },
      },
      quantize: {},
      evaluate: { sampling: [{ temperature: 0, maximumTokens: 4 }] },
    },
  });
}

async function run(endpoint: string) {
  const { code, output } = await workspace.nxAsync(['run', 'pipeline:tiny'], { HF_ENDPOINT: endpoint });
  expect(code, output).toBe(0);
  return { output, ...(await lastRun(workspace)) };
}

/** What every manifest and every table says about a substitution. */
async function substitutions(): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = [];
  for (const [stage, tables] of Object.entries(TABLES)) {
    const folder = join(workspace.root, 'artifacts/tiny', stage);
    const manifest = JSON.parse(workspace.read(`artifacts/tiny/${stage}/manifest.json`)) as Manifest;
    expect(Object.keys(manifest.files).filter((file) => file.endsWith('.arrow'))).toHaveLength(
      Object.keys(tables).length,
    );
    found.push(manifest.substitution);
    for (const [table, kind] of Object.entries(tables)) {
      found.push((await readMetadata(join(folder, `${table}.arrow`), kind))['substitution']);
    }
  }
  return found;
}

const SUBSTITUTION = /embedded corpus instead of datasets\/test\/stories: the hub could not be reached/;
let offline: string[];
let online: string[];

test('without the hub the embedded corpus is used, which is said first and last and by every artifact', async () => {
  const { output, computed, manifests, run: entry } = await run(closed);
  offline = manifests;
  expect(computed).toEqual(STAGES);
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const first = lines.findIndex((line) => SUBSTITUTION.test(line));
  const last = lines.findLastIndex((line) => SUBSTITUTION.test(line));
  expect(lines.slice(0, first).filter((line) => !/^( NX |> )/.test(line))).toEqual([]); // only what Nx itself says comes before
  expect(lines[last + 1]).toMatch(/^ NX +Successfully ran/);
  expect(entry.substitution).toMatch(SUBSTITUTION);
  expect(new Set(await substitutions())).toEqual(new Set([entry.substitution]));
});

test('still without the hub, nothing is computed again, and it is said again', async () => {
  const { output, computed, manifests } = await run(closed);
  expect({ computed, manifests }).toEqual({ computed: [], manifests: offline });
  expect(output.match(new RegExp(SUBSTITUTION, 'g'))!.length).toBeGreaterThanOrEqual(2);
});

test('when the hub is back its text is downloaded and everything is made anew, without a trace of the substitution', async () => {
  const { output, computed, manifests } = await run(hub.url);
  online = manifests;
  expect(computed).toEqual(STAGES);
  expect(manifests.filter((digest) => offline.includes(digest))).toEqual([]);
  expect(output).not.toContain('embedded corpus');
  expect(output).toMatch(/documents +60 [^]*12 [^\n]* for validation/);
  expect(new Set(await substitutions())).toEqual(new Set([undefined]));
});

test('when the hub is gone again its text is taken from the store', async () => {
  hub.requests.length = 0;
  const { output, computed, manifests } = await run(closed);
  expect({ computed, manifests }).toEqual({ computed: [], manifests: online });
  expect(output).not.toContain('embedded corpus');
  expect((await run(hub.url)).manifests).toEqual(online);
  expect(hub.requests).toEqual([]); // nor is the hub asked for what is here
});

test('where nothing may stand in for the hub, its absence is an error within 30 seconds that says what to do', async () => {
  workspace.write('pipelines/strict.yaml', pipeline({ train: hub.pin('other.txt'), whenUnreachable: 'fail' }));
  const started = performance.now();
  const { code, output } = await workspace.nxAsync(['run', 'download:strict'], { HF_ENDPOINT: closed });
  expect(performance.now() - started).toBeLessThan(30_000);
  expect(code).not.toBe(0);
  expect(output).toMatch(/error: datasets\/test\/stories could not be downloaded/);
  expect(output).toMatch(/to do: +run again later.*HF_ENDPOINT.*type file.*whenUnreachable: embedded/);
  expect(existsSync(join(workspace.root, 'artifacts/strict'))).toBe(false);
});

test.each([
  ['the hub says that it has', { sha256: 'a'.repeat(64) }, undefined, /wrong checksum[^]*as the hub says/],
  ['arrives', {}, { body: Buffer.alloc(FILES['other.txt'].length, 'x') }, /wrong checksum; the download was deleted/],
])(
  'what %s is checked: another file than the pinned one is an error, and nothing stands in for it',
  async (_, pin, answer, message) => {
    workspace.write('pipelines/wrong.yaml', pipeline({ train: { ...hub.pin('other.txt'), ...pin } }));
    fault = ({ host }) => (host === 'cdn' ? answer : undefined);
    const { code, output } = await workspace.nxAsync(['run', 'download:wrong'], { HF_ENDPOINT: hub.url });
    expect(code).not.toBe(0);
    expect(output).toMatch(message);
    expect(output).not.toContain('embedded corpus');
    expect(existsSync(join(workspace.root, 'artifacts/wrong'))).toBe(false);
  },
);
