/** @file What a training asks of the engine. */
import { modelParameters } from '@arrowsmith/model/model-parameters';
import type { About } from '@arrowsmith/pipeline/stage';
import { expect, test } from 'vitest';
import { engineRequest } from './engine-request.ts';

const asked = {
  model: modelParameters.parse({ layers: 2 }),
  batchSize: 8,
  gradientAccumulation: 1,
  optimizer: { method: 'adamw' },
  backend: 'auto',
  precision: 'auto',
} as const;

const about =
  (ports: Record<string, Record<string, unknown>>): About =>
  (port) =>
    ports[port];

test('the work of a step is the same by parameters of the steps before and by what they made', () => {
  const planned = engineRequest(
    asked,
    about({ rows: { contextLength: 256, mode: 'packed' }, tokenizer: { vocabularySize: 512 } }),
  );
  const made = engineRequest(
    asked,
    about({ rows: { contextLength: 256, vocabularySize: 512, trainRows: 9 }, tokenizer: {} }),
  );
  expect(planned).toEqual(made);
  expect(planned.work!.flop).toBeGreaterThan(6 * 2048 * 512 * 128);
  expect(planned).toMatchObject({ backend: 'auto', precision: 'auto' });
});

test('a vocabulary that is not known yet counts for nothing; a model that is continued, and rows that are not known, for no choice', () => {
  const flopOf = (ports: Record<string, Record<string, unknown>>) => engineRequest(asked, about(ports)).work?.flop;
  const rows = { contextLength: 256 };
  expect(flopOf({ rows })).toBeLessThan(flopOf({ rows, tokenizer: { vocabularySize: 512 } })!);
  expect(flopOf({ rows, model: {} })).toBeUndefined();
  expect(flopOf({})).toBeUndefined();
});
