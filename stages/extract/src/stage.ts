/** @file What the stage `extract` does: cuts the feed-forward networks of a nested model to a width per layer. */
import { readTensors, tensorBatches, tensorsTable } from '@arrowsmith/artifacts';
import { checkWeights, countParameters, extractNested, parseDecoderConfig } from '@arrowsmith/model';
import { implementStage } from '@arrowsmith/pipeline/stage';
import declaration from './declaration.ts';

export default implementStage(declaration, async (context) => {
  const { granularity } = context.parameters;
  const path = await context.input('train', 'weights.arrow');
  const { tensors, metadata } = await readTensors(path);
  const whole = parseDecoderConfig(metadata['config'], path);
  checkWeights(whole, tensors, path);
  const granularities = typeof granularity === 'number' ? whole.layers.map(() => granularity) : granularity;
  const { config, weights } = extractNested(whole, tensors, granularities);
  await context.table('weights.arrow', tensorsTable, { config: JSON.stringify(config) }, tensorBatches(weights));
  const [before, after] = [countParameters(whole), countParameters(config)];
  return {
    metadata: { parameters: after, config: JSON.stringify(config) },
    metrics: { parameters: { value: after, unit: 'parameters' } },
    highlights: {
      extracted: `${after.toLocaleString('en-US')} of ${before.toLocaleString('en-US')} parameters, granularities ${granularities.join(' ')}`,
    },
  };
});
