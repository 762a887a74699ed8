/** @file What the stage `extract` does: cuts the feed-forward networks of a nested model to a width per layer. */
import { weightBatches, weightsTable } from '@arrowsmith/artifacts';
import { countParameters, extractNested } from '@arrowsmith/model';
import { implementStage } from '@arrowsmith/pipeline/stage';
import { modelMetadata, readModel, storeWeights, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import declaration from './declaration.ts';

export default implementStage(declaration, async (context) => {
  const { granularity } = context.parameters;
  const source = context.input('model');
  const { config: whole, weights: all } = await readModel(await source.file(WEIGHTS_FILE), { whole: true });
  const granularities = typeof granularity === 'number' ? whole.layers.map(() => granularity) : granularity;
  const { config, weights } = extractNested(whole, all, granularities);
  const tensors = storeWeights(weights);
  const metadata = modelMetadata(config, tensors);
  await context.table(WEIGHTS_FILE, weightsTable, { config: metadata.config }, weightBatches(tensors));
  const [before, after] = [countParameters(whole), metadata.parameters];
  return {
    metadata: { ...metadata, from: source.digest },
    metrics: { parameters: { value: after, unit: 'parameters', guard: 'exact' } },
    highlights: {
      extracted: `${after.toLocaleString('en-US')} of ${before.toLocaleString('en-US')} parameters, granularities ${granularities.join(' ')}`,
    },
  };
});
