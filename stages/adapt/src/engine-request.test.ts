/** @file What a training of adapters asks of the engine. */
import { decoderConfig } from '@arrowsmith/model';
import { modelParameters } from '@arrowsmith/model/model-parameters';
import { adaptingWork } from '@arrowsmith/model/pass-work';
import { expect, test } from 'vitest';
import { engineRequest } from './engine-request.ts';

const asked = {
  rank: 4,
  projections: 'all',
  batchSize: 8,
  gradientAccumulation: 1,
  backend: 'auto',
  precision: 'auto',
} as const;
const model = modelParameters.parse({ layers: 2 });
const config = decoderConfig(model, { vocabularySize: 512, contextLength: 64 });

test('the work is that of a step beside the model, as far as that is known', () => {
  const rows = { contextLength: 64, vocabularySize: 512 };
  const requestOf = (ports: Record<string, Record<string, unknown>>) => engineRequest(asked, (port) => ports[port]);
  const { work, ...rest } = requestOf({ rows, model: { config: JSON.stringify(config), format: 'Q4_K' } });
  expect(rest).toEqual({ backend: 'auto', precision: 'auto' });
  expect(work).toEqual(adaptingWork(config, asked));
  expect(requestOf({ rows: { contextLength: 64 }, tokenizer: { vocabularySize: 512 }, model: { model } }).work).toEqual(
    work,
  );
  expect(requestOf({ rows, model: { repository: 'someone/model' } }).work).toBe('unknown');
  expect(requestOf({ model: { model } }).work).toBeUndefined();
});
