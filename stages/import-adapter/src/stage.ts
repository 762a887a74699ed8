/** @file What the stage `import-adapter` does: reads an adapter as PEFT wrote it, and writes it as ours are. */
import { resolve } from 'node:path';
import { weightBatches, weightsTable } from '@arrowsmith/artifacts';
import { UserError } from '@arrowsmith/errors';
import { readPeftAdapter } from '@arrowsmith/formats';
import { implementStage } from '@arrowsmith/pipeline/stage';
import { ADAPTER_FILE, adapterMetadata, storeAdapter } from '@arrowsmith/quantization/adapter';
import { openModel, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import declaration from './declaration.ts';
import { resolveAdapter } from './resolve.ts';

export default implementStage(declaration, async (context) => {
  const { path, sha256 } = context.parameters;
  const source = context.input('model');
  const { config } = await openModel(await source.file(WEIGHTS_FILE));
  const { adapters, weights } = await readPeftAdapter(resolve(context.root, path), config);
  const now = (await resolveAdapter({ path }, context)).parameters.sha256;
  if (now !== sha256) {
    throw new UserError({
      what: 'what is imported changed while the stage ran',
      where: path,
      expected: `sha256 ${sha256}`,
      found: `sha256 ${now}`,
      fix: 'run the stage again',
    });
  }
  const tensors = storeAdapter(weights);
  const metadata = adapterMetadata({ adapters, config, base: source.digest });
  await context.table(ADAPTER_FILE, weightsTable, metadata, weightBatches(tensors));
  const values = Object.values(weights).reduce((sum, { data }) => sum + data.length, 0);
  return {
    metadata: { ...metadata, parameters: values, bytes: 4 * values, from: source.digest },
    metrics: { parameters: { value: values, unit: 'parameters', headline: true, guard: 'exact' } },
    highlights: {
      imported: `an adapter of rank ${adapters.rank} beside ${adapters.projections.join(', ')} of ${source.step}, ${values.toLocaleString('en-US')} parameters, from ${path}`,
    },
  };
});
