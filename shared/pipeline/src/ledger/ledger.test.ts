import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { runsTable, writeTable } from '@arrowsmith/artifacts';
import { beforeAll, expect, test } from 'vitest';
import { bundleScript } from '../testing/bundle-script.ts';
import type { Run } from './run.ts';
import { testRun, testStep } from '../testing/runs.ts';
import { ledgerFolder, openWorkspace, type Workspace } from '../workspace.ts';
import { addRuns, appendRun, forgetRuns, packLedger, readLedger, renameRun, requireWhole } from './ledger.ts';
import { runColumns } from './rows.ts';

/** When every run of these tests is old enough to be packed. */
const LATER = new Date(Date.now() + 3_600_000);

const fresh = (): Workspace => openWorkspace(mkdtempSync(join(tmpdir(), 'ledger-')), {});

const files = (workspace: Workspace): string[] => readdirSync(ledgerFolder(workspace)).sort();

const idsOf = async (workspace: Workspace): Promise<string[]> => (await readLedger(workspace)).runs.map(({ id }) => id);

/** Appends runs one second apart. */
async function appendMany(workspace: Workspace, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const { id } = await appendRun(workspace, testRun(), new Date(Date.UTC(2026, 0, 31, 9, 0, i)));
    ids.push(id);
  }
  return ids;
}

test('a run comes back as it was appended, packed or not', async () => {
  const workspace = fresh();
  const run = testRun({
    name: 'wide',
    notes: 'twice the width – „ü“ 🐈',
    step: 'train',
    commit: '0123456789012345678901234567890123456789',
    dirty: true,
    backend: 'native',
    substitution: 'embedded instead of hub',
    changes: { 'train.steps': 3, 'chunk.list': [1, { a: null }], 'train.name': '5' },
    steps: {
      chunk: testStep('chunk', { cached: true, parameters: { contextLength: 16, list: [1, { a: null }] } }),
      train: testStep('train', {
        metrics: { loss: 0.1 + 0.2, worst: Number.NaN },
        meanings: {
          loss: {
            unit: 'nats per token',
            better: 'lower',
            perToken: true,
            loss: { model: 'int8', measure: 'nats per token' },
          },
          worst: {},
        },
        environment: { backend: 'native' },
        inputs: { chunk: 'b'.repeat(64) },
        metadata: { steps: 3, text: 'x', flag: true },
        highlights: { sample: 'Once\nupon' },
      }),
    },
  });
  const appended = await appendRun(workspace, run);
  expect(appended).toMatchObject(run);
  expect(appended.id).toMatch(/^\d{8}-\d{6}-[a-z]{4}$/);
  const plain = (await readLedger(workspace)).runs;
  expect(plain).toEqual([appended]);
  await packLedger(workspace, { now: LATER, fromRuns: 1 });
  expect(files(workspace)).toEqual([expect.stringMatching(/^packed-[0-9a-f]{16}\.arrow$/)]);
  expect(await readLedger(workspace)).toEqual({ runs: [appended], damaged: [] });
});

test.each(['meanings', 'changesJson'])(
  'files of before there was the column %s stay readable, also where they are cut off',
  async (column) => {
    const workspace = fresh();
    mkdirSync(ledgerFolder(workspace), { recursive: true });
    const finishedAt = '2026-01-31T09:00:00.000Z';
    const runs = Array.from({ length: 4 }, (_, i) => ({ ...testRun(), id: `20260131-${i}`, revision: 0, finishedAt }));
    const before = { ...runsTable, fields: runsTable.fields.filter(({ name }) => name !== column) };
    const path = join(ledgerFolder(workspace), 'packed-before.arrow');
    const halves = [runs.slice(0, 2), runs.slice(2)].map((half) => {
      const { [column]: _, ...columns } = runColumns(half);
      return columns;
    });
    await writeTable(path, before, {}, halves);
    expect((await readLedger(workspace)).runs).toEqual(runs);
    truncateSync(path, readFileSync(path).length - 4000);
    expect((await readLedger(workspace)).runs).toEqual(runs.slice(0, 2));
  },
);

test('what is absent is absent: no name, no commit, no backend', async () => {
  const workspace = fresh();
  await appendRun(workspace, testRun());
  const [run] = (await readLedger(workspace)).runs;
  for (const key of ['name', 'notes', 'stage', 'commit', 'backend', 'substitution'])
    expect(run).not.toHaveProperty(key);
});

test('runs come in the order of time, and packing when there are many changes nothing but files', async () => {
  const workspace = fresh();
  const ids: string[] = [];
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 4; i++) {
      const now = new Date(Date.UTC(2026, 0, 31, 9, round, i));
      ids.push((await appendRun(workspace, testRun(), now)).id);
    }
    await packLedger(workspace, { fromRuns: 4 });
    expect(await idsOf(workspace)).toEqual(ids);
    expect(files(workspace)).toHaveLength(1); // with that of the round before, which has few runs
  }
  await appendMany(workspace, 4);
  await packLedger(workspace);
  expect(files(workspace)).toHaveLength(5); // too few for the default
});

test('packed files of many runs are packed again only when they are many themselves', async () => {
  const workspace = fresh();
  const finishedAt = '2026-01-31T08:00:00.000Z';
  for (const file of [1, 2]) {
    const runs = Array.from({ length: 250 }, (_, i) => `20260131-${file}${i}`);
    await addRuns(
      workspace,
      runs.map((id) => ({ ...testRun(), id, revision: 0, finishedAt })),
    );
  }
  const large = files(workspace);
  await appendMany(workspace, 4);
  await packLedger(workspace, { fromRuns: 4, fromPacked: 3 });
  expect(files(workspace)).toEqual(expect.arrayContaining(large));
  expect(files(workspace)).toHaveLength(3);
  await appendMany(workspace, 4);
  await packLedger(workspace, { fromRuns: 4, fromPacked: 3 });
  expect(files(workspace)).toHaveLength(1);
  expect(await idsOf(workspace)).toHaveLength(508);
});

test('what another packs first is not packed again: no file without runs appears', async () => {
  const workspace = fresh();
  const ids = await appendMany(workspace, 3);
  await Promise.all([1, 2, 3].map(() => packLedger(workspace, { now: LATER, fromRuns: 1 })));
  expect(files(workspace)).toHaveLength(1);
  expect(await idsOf(workspace)).toEqual(ids);
});

test('a run of the last minute is not packed: its file keeps its id from being taken twice', async () => {
  const workspace = fresh();
  const run = await appendRun(workspace, testRun());
  await appendMany(workspace, 2);
  await packLedger(workspace, { fromRuns: 1 });
  expect(files(workspace)).toEqual([`${run.id}.arrow`, expect.stringMatching(/^packed-/)]);
});

test('many writers at once, each packing all the time: every run is there once', async () => {
  const workspace = fresh();
  const writers = [1, 2, 3].map(() => startWriter(workspace, 25));
  const printed = await Promise.all(writers.map(({ ids }) => ids));
  expect(printed.map(({ length }) => length)).toEqual([25, 25, 25]);
  expect((await idsOf(workspace)).toSorted()).toEqual(printed.flat().sort());
  expect((await readLedger(workspace)).damaged).toEqual([]);
});

test('writers killed while they append and pack: what they said they appended is there, once and whole', async () => {
  const workspace = fresh();
  const said: string[] = [];
  for (const seen of [1, 3, 7, 12]) {
    const writers = [1, 2].map(() => startWriter(workspace, 10_000));
    await Promise.all(writers.map(({ until }) => until(seen)));
    for (const { child } of writers) child.kill('SIGKILL');
    for (const { ids } of writers) said.push(...(await ids));
    const { runs, damaged } = await readLedger(workspace);
    const ids = runs.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(said));
    expect(damaged).toEqual([]);
    for (const { steps } of runs) expect(Object.keys(steps)).toEqual(['train']);
  }
  const before = await idsOf(workspace);
  await packLedger(workspace, { now: LATER, fromRuns: 1 });
  expect(await idsOf(workspace)).toEqual(before);
});

let writerScript: string;
beforeAll(async () => {
  writerScript = await bundleScript(join(import.meta.dirname, '../testing/append-runs.ts'));
});
let writersStarted = 0;

/** Starts a process that appends runs; `until(n)` waits until it said n of them, `ids` is what it said when it is over. */
function startWriter(workspace: Workspace, count: number) {
  // Each writer has a day of its own: ids that differ by the time alone, of runs that are old enough to be packed.
  const args = [
    '--enable-source-maps',
    writerScript,
    workspace.root,
    String(count),
    new Date(Date.UTC(2026, 0, (writersStarted++ % 28) + 1)).toISOString(),
  ];
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const ids = (): string[] => output.split('\n').slice(0, -1);
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text));
  const until = async (n: number): Promise<void> => {
    while (ids().length < n) await once(child.stdout!, 'data');
  };
  return { child, until, ids: once(child, 'close').then(ids) };
}

test('a new name or new notes are a revision, the highest of which stands; an empty one takes them away', async () => {
  const workspace = fresh();
  const run = await appendRun(workspace, testRun({ name: 'first' }));
  await packLedger(workspace, { now: LATER, fromRuns: 1 });
  const renamed = await renameRun(workspace, run, { name: 'second', notes: 'better' });
  expect(renamed).toMatchObject({ id: run.id, name: 'second', notes: 'better', revision: 1 });
  expect((await readLedger(workspace)).runs).toEqual([renamed]);
  await renameRun(workspace, run, { name: '' }); // from what was read before: comes after all the same
  const [last] = (await readLedger(workspace)).runs;
  expect(last).toMatchObject({ id: run.id, revision: 2 });
  expect(last).not.toHaveProperty('name');
  await packLedger(workspace, { now: LATER, fromRuns: 1, fromPacked: 1 });
  expect((await readLedger(workspace)).runs).toEqual([last]);
  expect(files(workspace)).toHaveLength(1);
});

test('forgotten runs are gone from every file, the others stay', async () => {
  const workspace = fresh();
  const ids = await appendMany(workspace, 4);
  await packLedger(workspace, { fromRuns: 4 });
  const later = (await appendRun(workspace, testRun())).id;
  const [renamed] = (await readLedger(workspace)).runs;
  await renameRun(workspace, renamed!, { name: 'x' });
  await forgetRuns(workspace, new Set([ids[0]!, ids[2]!]));
  expect(await idsOf(workspace)).toEqual([ids[1], ids[3], later]);
  await forgetRuns(workspace, new Set([ids[1]!, ids[3]!, later]));
  expect(await idsOf(workspace)).toEqual([]);
  expect(files(workspace)).toEqual([]);
});

test('a packed file whose end is cut off gives the record batches before the cut, and is left alone', async () => {
  const workspace = fresh();
  const ids = Array.from({ length: 260 }, (_, i) => `20260131-${1000 + i}`); // two record batches
  const finishedAt = '2026-01-31T09:00:00.000Z';
  await addRuns(
    workspace,
    ids.map((id) => ({ ...testRun(), id, revision: 0, finishedAt })),
  );
  const later = await appendRun(workspace, testRun());
  const [packed] = files(workspace).filter((name) => name.startsWith('packed-'));
  const path = join(ledgerFolder(workspace), packed!);
  truncateSync(path, readFileSync(path).length - 4500);
  const { runs, damaged } = await readLedger(workspace);
  expect(runs.map(({ id }) => id)).toEqual([...ids.slice(0, 250), later.id]);
  expect(damaged).toEqual([{ path, reason: expect.stringMatching(/cut off after \d+ bytes/), readable: 250 }]);
  await packLedger(workspace, { now: LATER, fromRuns: 1, fromPacked: 1 });
  expect(files(workspace)).toContain(packed);
  expect(await idsOf(workspace)).toHaveLength(251);
  await expect(forgetRuns(workspace, new Set([ids[0]!]))).rejects.toThrow(/cannot be forgotten[^]*cut off[^]*to do/);
  expect(() => requireWhole({ runs, damaged })).toThrow(/ledger is damaged[^]*packed-[^]*to do/);
});

test.each([
  ['empty', () => '', /not an Arrow file/],
  ['of something else', () => 'hello, this is text', /not an Arrow file/],
  ['cut in the middle', (bytes: Buffer) => bytes.subarray(0, 1500), /cut off after 1500 bytes/],
  ['overwritten with zeros', (bytes: Buffer) => Buffer.alloc(bytes.length), /not an Arrow file/],
  ['zero in the middle', (bytes: Buffer) => Buffer.from(bytes).fill(0, 1000, bytes.length - 8), /./],
])('an entry that is %s is reported with its file, and the rest stays readable', async (_, damage, reason) => {
  const workspace = fresh();
  const sound = await appendRun(workspace, testRun(), new Date(Date.UTC(2026, 0, 31)));
  const other = await appendRun(workspace, testRun());
  const path = join(ledgerFolder(workspace), `${other.id}.arrow`);
  const damagedBytes = damage(readFileSync(path));
  writeFileSync(path, damagedBytes);
  const { runs, damaged } = await readLedger(workspace);
  expect(runs.map(({ id }) => id)).toEqual([sound.id]);
  expect(damaged).toEqual([{ path, reason: expect.stringMatching(reason), readable: 0 }]);
  await packLedger(workspace, { now: LATER, fromRuns: 1 });
  expect(readFileSync(path)).toEqual(Buffer.from(damagedBytes)); // whoever has a copy can restore it; nothing else is lost
  expect((await readLedger(workspace)).runs.map(({ id }) => id)).toEqual([sound.id]);
});

test('a packed file with a changed byte is told by the digest in its name', async () => {
  const workspace = fresh();
  await appendMany(workspace, 3);
  await packLedger(workspace, { now: LATER, fromRuns: 1 });
  const path = join(ledgerFolder(workspace), files(workspace)[0]!);
  const bytes = readFileSync(path);
  const at = bytes.indexOf('desk');
  bytes[at] = 'D'.charCodeAt(0);
  writeFileSync(path, bytes);
  expect((await readLedger(workspace)).damaged).toMatchObject([{ reason: /not those that its name says/ }]);
});

test('whatever bit of the file of a run is flipped, the same run is read, or the file is reported and nothing else', async () => {
  const workspace = fresh();
  const steps = {
    train: testStep('train', { metrics: { loss: 1.5, worst: Number.NaN, none: 0 }, metadata: { steps: 3, on: true } }),
  };
  const run = await appendRun(workspace, testRun({ name: 'wide', notes: 'ü', backend: 'native', steps }));
  const path = join(ledgerFolder(workspace), `${run.id}.arrow`);
  const bytes = readFileSync(path);
  const expected = { runs: [run], damaged: [] };
  expect(await readLedger(workspace)).toEqual(expected);
  const silent: number[] = [];
  let reported = 0;
  for (let bit = 0; bit < 8 * bytes.length; bit += 53) {
    const damaged = Buffer.from(bytes);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    writeFileSync(path, damaged);
    const found = await readLedger(workspace);
    if (found.damaged.length === 1) reported++;
    else if (!isDeepStrictEqual(structuredClone(found), structuredClone(expected))) silent.push(bit >> 3);
  }
  expect(silent).toEqual([]);
  expect(reported).toBeGreaterThan(100);
});

test('a file of a run of before there were digests is read', async () => {
  const workspace = fresh();
  const run: Run = { ...testRun(), id: '20260131-094512-tavo', revision: 0, finishedAt: '2026-01-31T09:45:12.000Z' };
  await addRuns(workspace, [run]);
  renameSync(join(ledgerFolder(workspace), files(workspace)[0]!), join(ledgerFolder(workspace), `${run.id}.arrow`));
  expect(await readLedger(workspace)).toEqual({ runs: [run], damaged: [] });
});

test('a whole file in the place of another is told, as the run of that name is gone', async () => {
  const workspace = fresh();
  const [first, second] = await appendMany(workspace, 2);
  const pathOf = (id: string) => join(ledgerFolder(workspace), `${id}.arrow`);
  writeFileSync(pathOf(first!), readFileSync(pathOf(second!)));
  const { runs, damaged } = await readLedger(workspace);
  expect(runs.map(({ id }) => id)).toEqual([second]);
  expect(damaged).toEqual([{ path: pathOf(first!), reason: expect.stringContaining(second!), readable: 1 }]);
});

test('a table of a later version is not misread', async () => {
  const workspace = fresh();
  const run = await appendRun(workspace, testRun());
  const path = join(ledgerFolder(workspace), `${run.id}.arrow`);
  const bytes = readFileSync(path);
  for (let at = bytes.indexOf('version'); at >= 0; at = bytes.indexOf('version', at + 1)) {
    const value = bytes.lastIndexOf('1', at); // the value is written before its key
    bytes[value] = '9'.charCodeAt(0);
  }
  writeFileSync(path, bytes);
  expect((await readLedger(workspace)).damaged).toMatchObject([{ reason: expect.stringMatching(/version/) }]);
});

const JSON_ENTRY = {
  format: 1,
  id: '20260131-094512-0397',
  pipeline: 'toy',
  finishedAt: '2026-01-31T09:45:12.000Z',
  stages: {
    train: {
      ...testStep('train', { metrics: { loss: 2 }, environment: { backend: 'wasm' } }),
      pipeline: 'toy',
      invocation: 'x',
      outcome: 'computed',
    },
  },
};

test('entries of before, in JSON, are read and packed with the rest', async () => {
  const workspace = fresh();
  mkdirSync(ledgerFolder(workspace), { recursive: true });
  writeFileSync(join(ledgerFolder(workspace), `${JSON_ENTRY.id}.json`), JSON.stringify(JSON_ENTRY));
  const { runs } = await readLedger(workspace);
  expect(runs).toMatchObject([
    { id: JSON_ENTRY.id, pipeline: 'toy', backend: 'wasm', steps: { train: { metrics: { loss: 2 } } } },
  ]);
  await packLedger(workspace, { now: LATER, fromRuns: 1 });
  expect(files(workspace)).toEqual([expect.stringMatching(/^packed-/)]);
  expect((await readLedger(workspace)).runs).toEqual(runs);
});

test.each([
  ['{"id"', /JSON/],
  ['{"format":2}', /format: /],
])('a damaged entry of before, %s, is reported', async (text, reason) => {
  const workspace = fresh();
  mkdirSync(ledgerFolder(workspace), { recursive: true });
  writeFileSync(join(ledgerFolder(workspace), 'x.json'), text);
  expect((await readLedger(workspace)).damaged).toMatchObject([{ reason: expect.stringMatching(reason), readable: 0 }]);
});

test('a link that leads nowhere, and a folder that is a file, are told', async () => {
  const workspace = fresh();
  const run = await appendRun(workspace, testRun());
  symlinkSync('nowhere', join(ledgerFolder(workspace), 'x.arrow'));
  expect(await readLedger(workspace)).toMatchObject({
    runs: [{ id: run.id }],
    damaged: [{ reason: 'a link that leads nowhere' }],
  });
  const other = fresh();
  mkdirSync(join(other.root, 'artifacts'));
  writeFileSync(ledgerFolder(other), '');
  await expect(readLedger(other)).rejects.toThrow(/ENOTDIR/); // and not an empty ledger, whose artifacts would be garbage
});
