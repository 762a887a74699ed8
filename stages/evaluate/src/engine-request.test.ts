/** @file What an evaluation asks of the engine. */
import { decoderConfig } from '@arrowsmith/model';
import { modelParameters } from '@arrowsmith/model/model-parameters';
import { evaluationWork } from '@arrowsmith/model/pass-work';
import { expect, test } from 'vitest';
import declaration from './declaration.ts';
import { engineRequest } from './engine-request.ts';

const asked = declaration.parameters.parse({ batchSize: 8, prompts: ['Once', 'One'] });
const model = modelParameters.parse({ layers: 2 });
const config = decoderConfig(model, { vocabularySize: 512, contextLength: 64 });
const rows = { contextLength: 64, vocabularySize: 512, validationRows: 20 };
const made = { config: JSON.stringify(config), parameters: 9, format: 'f32' };
const requestOf = (ports: Record<string, Record<string, unknown>>, changes = {}) =>
  engineRequest({ ...asked, ...changes }, (port) => ports[port]);

test('the work is that of a batch, with its share of texts as long as the context', () => {
  const { backend, work } = requestOf({ rows, models: made });
  expect(backend).toBe('auto');
  // Two prompts in four ways, of 64 tokens each.
  expect(work).toEqual(evaluationWork(config, { batchSize: 8, batches: 2.5, written: 8 * 64 }));
});

test('a split of fewer rows is one batch', () => {
  const { work } = requestOf({ rows: { ...rows, validationRows: 3 }, models: made }, { prompts: [] });
  expect(work).toEqual(evaluationWork(config, { batchSize: 3, batches: 1, written: 0 }));
});

test('as long as nothing is made, it is that of a batch of the model that will be trained, if one will be', () => {
  const planned = { rows: { contextLength: 64 }, tokenizer: { vocabularySize: 512 } };
  const { work } = requestOf({ ...planned, models: { model, steps: 9 } });
  expect(work).toEqual(evaluationWork(config, { batchSize: 8, batches: 1, written: 0 }));
  expect(requestOf({ ...planned, models: { source: 'elsewhere' } }).work).toBe('unknown');
  expect(requestOf({ models: made }).work).toBeUndefined();
});

test('activations of int8 are multiplied by the backend native alone', () => {
  expect(requestOf({ rows, models: made }, { activations: 'int8' })).toEqual({ backend: 'auto' });
});
