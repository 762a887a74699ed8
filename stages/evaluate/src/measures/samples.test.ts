import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { samplingParameters } from '@arrowsmith/generation/samples';
import { decoderConfig, initialWeights, modelParameters, tensorsOf } from '@arrowsmith/model';
import type { Evaluation, Subject } from '../measure.ts';
import { samples } from './samples.ts';

beforeAll(async () => {
  await useBackend('cpu');
});

test('each text that a model writes is progress, from before the first', async () => {
  const sizes = { hiddenSize: 8, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 8 };
  const config = decoderConfig(modelParameters.parse(sizes), { vocabularySize: 5, contextLength: 8 });
  const sampling = [0, 1].map((temperature) => samplingParameters.parse({ temperature, maximumTokens: 2 }));
  const told: string[] = [];
  const evaluation = {
    context: {
      step: 'evaluate',
      parameters: { prompts: ['a', 'b'], sampling },
      signal: new AbortController().signal,
      progress: (label: string, { total, unit }: { total?: number; unit: string }) => ({
        update: (done: number) => told.push(`${label}: ${done} of ${total} ${unit}`),
        end: () => told.push('end'),
      }),
    },
    encoder: { encode: () => Uint32Array.of(1, 2), decode: () => 'text' },
    endOfText: 0,
    beginOfText: 0,
    samples: [],
  } as unknown as Evaluation;
  const subject = { name: 'train', model: { config }, tensors: tensorsOf(initialWeights(config, 1)) };
  await samples(evaluation)!.model!(subject as unknown as Subject, { nats: 0, tokens: 0 });
  const line = (done: number) => `evaluate train writes: ${done} of 4 samples`;
  expect(told).toEqual([...[0, 1, 2, 3, 4].map(line), 'end']);
});
