/** @file Artifacts for tests, in a store of their own. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  booleans,
  type Column,
  documentLossesTable,
  type FileEntry,
  type Manifest,
  numbers,
  putFile,
  remember,
  samplesTable,
  strings,
  type TableKind,
  writeTable,
} from '@arrowsmith/artifacts';
import { openWorkspace, type StepRun, type Workspace } from '@arrowsmith/pipeline';
import { testStep } from '../../../pipeline/src/testing/runs.ts';

export const emptyWorkspace = (): Workspace => openWorkspace(mkdtempSync(join(tmpdir(), 'runs-')), {});

/** A table to write: its kind and its one record batch. */
export interface TestTable {
  kind: TableKind;
  columns: Record<string, Column>;
  metadata?: Record<string, string>;
}

/** Puts an artifact into the store. @returns the step of a run that made it */
export async function storeStage(
  { store }: Workspace,
  step: string,
  tables: Record<string, TestTable>,
  changes: Partial<StepRun> = {},
): Promise<StepRun> {
  mkdirSync(join(store, 'work'), { recursive: true });
  const files: Record<string, FileEntry> = {};
  for (const [name, { kind, columns, metadata = {} }] of Object.entries(tables)) {
    const path = join(store, 'work', name);
    const { rows } = await writeTable(path, kind, metadata, [columns]);
    files[name] = { ...(await putFile(store, path)), rows };
  }
  const manifest: Manifest = { format: 1, stage: changes.stage ?? step, metadata: changes.metadata ?? {}, files };
  return testStep(step, { manifest: await remember(store, `key of ${step}`, manifest, {}), ...changes });
}

/** Losses of the model of train by document. */
export const documentLosses = (nats: readonly number[], tokens = nats.map(() => 10)): TestTable => ({
  kind: documentLossesTable,
  columns: {
    model: strings(nats.map(() => 'train')),
    document: numbers(Int32Array.from(nats, (_, i) => i)),
    tokens: numbers(Int32Array.from(tokens)),
    bytes: numbers(Int32Array.from(nats, () => 40)),
    nats: numbers(Float64Array.from(nats)),
  },
});

/** One greedy sample of each text's first word. */
export const greedySamples = (...texts: string[]): TestTable => ({
  kind: samplesTable,
  columns: {
    model: strings(texts.map(() => 'train')),
    method: strings(texts.map(() => 'greedy')),
    temperature: numbers(new Float64Array(texts.length)),
    topK: numbers(new Int32Array(texts.length)),
    topP: numbers(new Float64Array(texts.length).fill(1)),
    seed: numbers(new Int32Array(texts.length).fill(1)),
    prompt: strings(texts.map((text) => text.split(' ')[0]!)),
    text: strings(texts),
    finished: booleans(texts.map(() => true)),
  },
});
