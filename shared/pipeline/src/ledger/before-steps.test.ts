/** @file A ledger of before steps had names of their own: test/fixtures/ledger has a run as it was appended then. */
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { testRun, testStep } from '../testing/runs.ts';
import { ledgerFolder, openWorkspace } from '../workspace.ts';
import { appendRun, modelOf, packLedger, readLedger } from './index.ts';

const FIXTURE = join(import.meta.dirname, '../../../../test/fixtures/ledger');

function ledgerOfBefore() {
  const workspace = openWorkspace(mkdtempSync(join(tmpdir(), 'before-')), {});
  cpSync(FIXTURE, ledgerFolder(workspace), { recursive: true });
  return workspace;
}

test('its runs are told as those of today: what each step made, and of which model each metric is', async () => {
  const { runs, damaged } = await readLedger(ledgerOfBefore());
  expect(damaged).toEqual([]);
  expect(runs).toHaveLength(1);
  const { name, steps } = runs[0]!;
  expect(name).toBe('before');
  expect(Object.entries(steps).map(([step, { stage, makes }]) => [step, stage, makes.join()])).toEqual([
    ['download', 'download', 'corpus'],
    ['tokenizer', 'tokenizer', 'tokenizer'],
    ['chunk', 'chunk', 'rows'],
    ['train', 'train', 'model'],
    ['quantize', 'quantize', 'model'],
    ['evaluate', 'evaluate', 'measurements'],
  ]);
  const { metrics, meanings } = steps['evaluate']!;
  expect({ ...metrics }).toEqual({
    'train.bitsPerByte': 0.3615,
    'train.perplexity': 2.456,
    'quantize.bitsPerByte': 0.3616,
    'quantize.perplexity': 2.457,
    fiveGramBitsPerByte: 0.481,
    'train.pronounLoss': 1.28,
  });
  expect(meanings).toMatchObject({
    'train.bitsPerByte': { model: 'train', headline: true, loss: { model: 'train', measure: 'bits per byte' } },
    'quantize.perplexity': { model: 'quantize', loss: { model: 'quantize', measure: 'nats per token' } },
    'train.pronounLoss': { model: 'train', better: 'lower' },
  });
  expect(steps['train']!.metrics['validationLoss']).toBe(0.872);
});

test('it is packed with runs of today, and stays as it was told', async () => {
  const workspace = ledgerOfBefore();
  const before = (await readLedger(workspace)).runs[0]!;
  const later = await appendRun(workspace, testRun(), new Date('2026-11-30T09:00:00.000Z'));
  await packLedger(workspace, { fromRuns: 1, now: new Date('2026-11-30T10:00:00.000Z') });
  const { runs, damaged } = await readLedger(workspace);
  expect(damaged).toEqual([]);
  expect(
    structuredClone(runs.map((run) => ({ ...run, steps: JSON.parse(JSON.stringify(run.steps)) as unknown }))),
  ).toEqual([before, later].map((run) => ({ ...run, steps: JSON.parse(JSON.stringify(run.steps)) as unknown })));
});

test('what its tables call a model is the step that made it, unless a step has that name', () => {
  const run = { steps: { train: testStep('train') } };
  expect(['float32', 'int8', 'train', 'other'].map((name) => modelOf(run, name))).toEqual([
    'train',
    'quantize',
    'train',
    'other',
  ]);
  expect(modelOf({ steps: { int8: testStep('int8') } }, 'int8')).toBe('int8');
});
