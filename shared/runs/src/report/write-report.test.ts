import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  documentsTable,
  lists,
  numbers,
  optionalNumbers,
  putFile,
  strings,
  tensorsTable,
  trainingLogTable,
  trainingSpeedTable,
  writeTable,
} from '@arrowsmith/artifacts';
import { blobPath, recall, remember } from '@arrowsmith/artifacts/store';
import type { Run, StepRun, Workspace } from '@arrowsmith/pipeline';
import { expect, test } from 'vitest';
import { documentLosses, emptyWorkspace, greedySamples, storeStage, type TestTable } from '../testing/artifacts.ts';
import { testRuns } from '../testing/runs.ts';
import { writeReport } from './write-report.ts';

const trainingLog: TestTable = {
  kind: trainingLogTable,
  columns: {
    step: numbers(Int32Array.of(1, 2)),
    tokens: numbers(Float64Array.of(64, 128)),
    trainLoss: numbers(Float64Array.of(5.25, 4.125)),
    learningRate: numbers(Float64Array.of(0.001, 0.0005)),
    gradientNorm: numbers(Float64Array.of(1, 2)),
    validationLoss: optionalNumbers([undefined, 4.5]),
  },
};

const weights: TestTable = {
  kind: tensorsTable,
  columns: { name: strings(['w']), shape: lists([Int32Array.of(1)]), values: lists([Float32Array.of(1)]) },
};

const documents: TestTable = {
  kind: documentsTable,
  columns: { index: numbers(Int32Array.of(0)), text: strings(['a secret text']), bytes: numbers(Int32Array.of(13)) },
};

/** A run of download, train and evaluate. */
async function evaluatedRun(workspace: Workspace, nats: readonly number[]): Promise<Partial<Run>> {
  const download = await storeStage(workspace, 'download', { 'train.arrow': documents });
  const train = await storeStage(workspace, 'train', { 'log.arrow': trainingLog, 'weights.arrow': weights });
  return {
    steps: {
      download,
      train: { ...train, inputs: { download: download.manifest } },
      evaluate: await storeStage(workspace, 'evaluate', {
        'documents.arrow': documentLosses(nats),
        'samples.arrow': greedySamples('Once upon'),
      }),
    },
  };
}

async function report(workspace: Workspace, ...runs: Run[]): Promise<{ path: string; text: string }> {
  const path = await writeReport(
    workspace,
    runs.map((run) => ({ reference: 'latest', run })),
  );
  const html = readFileSync(path, 'utf8');
  return { path, text: html.slice(html.indexOf('<main'), html.indexOf('</main>')).replaceAll(/\s+/g, ' ') };
}

/** What was measured while a step ran, as the runner keeps it. */
async function keepSpeed({ store }: Workspace, { key }: StepRun): Promise<void> {
  const path = join(store, 'work', 'speed.arrow');
  await writeTable(path, trainingSpeedTable, {}, [
    { step: numbers(Int32Array.of(2)), tokens: numbers(Float64Array.of(128)), seconds: numbers(Float64Array.of(0.25)) },
  ]);
  const measured = { 'speed.arrow': { ...(await putFile(store, path)), rows: 1 } };
  await remember(store, key, (await recall(store, key))!.manifest, { measured });
}

test('a run is shown with the tables of its artifacts and what was measured; texts, weights and tokens stay where they are', async () => {
  const workspace = emptyWorkspace();
  const [run] = testRuns(await evaluatedRun(workspace, [20, 30]));
  await keepSpeed(workspace, run!.steps['train']!);
  const { path, text } = await report(workspace, run!);
  expect(path).toBe(join(workspace.root, 'artifacts/reports', `${run!.id}.html`));
  expect(text).toContain('<tr><th>1<td>5.25<td><td>0.001<td>1<td><td>64');
  expect(text).toContain('<tr><th>2<td>4.125<td>4.5<td>0.0005<td>2<td>512<td>128'); // 128 tokens in a quarter of a second
  expect(text).toContain('Losses by document');
  expect(text).toContain('Once');
  expect(text).not.toContain('a secret text');
  expect(text).not.toContain('class="warning"');
});

test('the files that a report was made of are linked from where it lies, those that are gone are not', async () => {
  const workspace = emptyWorkspace();
  const [run] = testRuns(await evaluatedRun(workspace, [20, 30]));
  await keepSpeed(workspace, run!.steps['train']!);
  const { files } = (await recall(workspace.store, run!.steps['evaluate']!.key))!.manifest;
  rmSync(blobPath(workspace.store, files['samples.arrow']!.sha256));
  const path = await writeReport(workspace, [{ reference: 'latest', run: run! }], join(workspace.root, 'a b/c.html'));
  const links = [...readFileSync(path, 'utf8').matchAll(/<a href="(\.[^"]*)">([^<]*)</g)];
  const digests = Object.fromEntries(
    links.map(([, href, text]) => {
      const bytes = readFileSync(fileURLToPath(new URL(href!, pathToFileURL(path))));
      return [text, createHash('sha256').update(bytes).digest('hex')];
    }),
  );
  expect(digests['evaluate/documents.arrow']).toBe(files['documents.arrow']!.sha256);
  expect(digests['evaluate: manifest']).toBe(run!.steps['evaluate']!.manifest);
  expect(Object.keys(digests)).toContain('train/speed.arrow'); // measured, in no manifest
  expect(Object.keys(digests)).not.toContain('evaluate/samples.arrow');
});

test('what garbage collection took is said, and the rest is shown', async () => {
  const workspace = emptyWorkspace();
  const [run] = testRuns(await evaluatedRun(workspace, [20, 30]));
  rmSync(blobPath(workspace.store, run!.steps['train']!.manifest));
  const { text } = await report(workspace, run!);
  expect(text).toContain('The artifact of train is no longer in the store (deleted, or removed by garbage collection)');
  expect(text).toContain('npx nx run train:toy --skip-nx-cache makes it again');
  expect(text).toContain('Losses by document');
});

test('a table that is corrupt or missing is said, and the rest is shown', async () => {
  const workspace = emptyWorkspace();
  const [run] = testRuns(await evaluatedRun(workspace, [20, 30]));
  const { files } = (await recall(workspace.store, run!.steps['evaluate']!.key))!.manifest;
  const blob = blobPath(workspace.store, files['documents.arrow']!.sha256);
  chmodSync(blob, 0o644);
  writeFileSync(blob, readFileSync(blob).fill(7, 200, 300));
  rmSync(blobPath(workspace.store, files['samples.arrow']!.sha256));
  const { text } = await report(workspace, run!);
  expect(text).toMatch(/documents\.arrow cannot be shown: artifacts\/toy\/evaluate\/documents\.arrow is corrupt/);
  expect(text).toMatch(/samples\.arrow cannot be shown: .* is missing from the store.*to do: npx nx run evaluate:toy/);
  expect(text).toContain('<tr><th>1<td>5.25');
});

test('several runs are compared: verdict, divergence, curves', async () => {
  const workspace = emptyWorkspace();
  const nats = Array.from({ length: 40 }, (_, i) => 20 + (i % 7));
  const first = await evaluatedRun(workspace, nats);
  const second = await evaluatedRun(
    workspace,
    nats.map((sum) => sum - 2),
  );
  const runs = testRuns({ ...first, name: 'base' }, { ...second, name: 'better' });
  const { path, text } = await report(workspace, ...runs);
  expect(path).toContain(`${runs[0]!.id}-and-${runs[1]!.id}.html`);
  expect(text).toContain('better compared with base');
  expect(text).toContain('▼ better');
  expect(text).toMatch(/<b>better<\/b> leaves base at <b>evaluate<\/b>/);
  expect(text).not.toContain('latest');
});

test('a run of one step is a report of one step', async () => {
  const workspace = emptyWorkspace();
  const train = await storeStage(workspace, 'train', { 'log.arrow': trainingLog });
  const [run] = testRuns({ step: 'train', steps: { train } });
  expect((await report(workspace, run!)).text.match(/<h2>[^<]*/g)).toEqual(
    ['Train', 'Lineage', 'Parameters'].map((title) => `<h2>${title}`),
  );
});

test('a report is of one to eight different runs', async () => {
  const workspace = emptyWorkspace();
  const runs = testRuns({}, {});
  const refused = (...some: Run[]) => expect(report(workspace, ...some)).rejects.toThrow(/one to 8 different runs/);
  await refused();
  await refused(runs[0]!, runs[1]!, runs[0]!);
  await refused(...Array.from({ length: 9 }, (_, i) => ({ ...runs[0]!, id: `run-${i}` })));
});
