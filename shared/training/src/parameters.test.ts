import { expect, test } from 'vitest';
import * as z from 'zod';
import { trainingParameters } from './parameters.ts';

/** The paths and messages of what is wrong with parameters. */
const problems = (input: unknown) =>
  trainingParameters.safeParse(input).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

test('only the number of steps has to be given', () => {
  const parameters = trainingParameters.parse({ steps: 500 });
  expect(parameters.optimizer).toMatchObject({
    beta1: 0.9,
    beta2: 0.95,
    epsilon: 1e-8,
    weightDecay: 0.1,
    gradientClip: 1,
  });
  expect(parameters).toMatchObject({
    gradientAccumulation: 1,
    recomputeActivations: false,
    checkpoint: { everySeconds: 30 },
  });
});

test('a batch that does not split evenly is refused', () => {
  expect(problems({ steps: 5, batchSize: 6, gradientAccumulation: 4 })).toEqual([
    'gradientAccumulation: must divide batchSize (6)',
  ]);
});

test('a minimum learning rate above the peak is refused', () => {
  expect(problems({ steps: 5, optimizer: { learningRate: 1e-4, minimumLearningRate: 1e-3 } })).toEqual([
    'optimizer.minimumLearningRate: must not be above learningRate (0.0001)',
  ]);
});

test('quantization-aware training needs a format of fewer bits, of the whole or of a part', () => {
  const quantization = { steps: 5, quantization: { format: 'f32' } };
  expect(problems(quantization)).toEqual([
    'quantization.format: must be a format of fewer bits than f32, here or for a part; without one, leave `quantization` out',
  ]);
  expect(problems({ steps: 5, quantization: { format: 'f32', formats: { experts: 'Q4_K' } } })).toBeUndefined();
  expect(problems({ steps: 5, quantization: { format: 'int4-g32', from: 1 } })?.join()).toContain('quantization.from');
  expect(problems({ steps: 5, quantization: { format: 'Q9' } })?.join()).toContain('quantization.format');
  expect(trainingParameters.parse({ steps: 5 })).not.toHaveProperty('quantization');
});

test('a misspelt parameter is refused by name', () => {
  expect(problems({ steps: 5, optimizer: { learningrate: 1 } })?.join()).toContain('learningrate');
});

test('every parameter is described, for whoever lists them', () => {
  const undescribed: string[] = [];
  const visit = (schema: z.core.JSONSchema._JSONSchema, path: string): void => {
    if (typeof schema === 'boolean') return;
    if (path !== '' && schema.description === undefined) undescribed.push(path);
    for (const [name, child] of Object.entries(schema.properties ?? {})) visit(child, `${path}/${name}`);
  };
  visit(z.toJSONSchema(trainingParameters), '');
  expect(undescribed).toEqual([]);
});
