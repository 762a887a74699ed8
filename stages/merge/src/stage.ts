/** @file What the stage `merge` does: matrices that have an adapter become W + alpha / rank · B A, in float32; all others stay as they are stored. */
import { setImmediate } from 'node:timers/promises';
import { type StoredTensor, weightBatches, weightsTable } from '@arrowsmith/artifacts';
import { adapterShapes, checkAdapters, mergedMatrix } from '@arrowsmith/model';
import { implementStage } from '@arrowsmith/pipeline/stage';
import { decodeStored, storeFloat32 } from '@arrowsmith/quantization';
import { ADAPTER_FILE, checkBase, readAdapter } from '@arrowsmith/quantization/adapter';
import { modelMetadata, openModel, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import declaration from './declaration.ts';

export default implementStage(declaration, async (context) => {
  const [source, adapterSource] = [context.input('model'), context.input('adapter')];
  const model = await openModel(await source.file(WEIGHTS_FILE));
  const adapter = await readAdapter(await adapterSource.file(ADAPTER_FILE));
  const { adapters, weights } = adapter;
  if (!context.parameters.otherBase) {
    const fix = `write \`inputs: { model: … }\` in ${context.step} with the model that ${adapterSource.step} reads, or \`otherBase: true\``;
    checkBase(adapter, source, fix);
  }
  const config = { ...model.config, confineAttention: adapter.config.confineAttention };
  checkAdapters(config, adapters, weights, adapterSource.step);

  const pairs = new Map(
    adapterShapes(config, adapters).map(({ matrix, a, b }) => [matrix.name, [a.name, b.name] as const]),
  );
  const tensors: Record<string, StoredTensor> = {};
  for (const name of model.names) {
    await setImmediate();
    context.signal.throwIfAborted();
    const stored = model.read(name);
    const [a, b] = (pairs.get(name) ?? []).map((each) => weights[each]?.data);
    if (a === undefined || b === undefined) tensors[name] = stored;
    else {
      const matrix = { shape: [...stored.shape], data: decodeStored(stored) };
      tensors[name] = storeFloat32(mergedMatrix(adapters, matrix, a, b));
    }
  }
  const metadata = modelMetadata(config, tensors);
  await context.table(WEIGHTS_FILE, weightsTable, { config: metadata.config }, weightBatches(tensors));
  return {
    metadata: { ...metadata, from: source.digest, adapter: adapterSource.digest },
    metrics: {
      parameters: { value: metadata.parameters, unit: 'parameters', guard: 'exact' },
      bytes: { value: metadata.bytes, unit: 'bytes', better: 'lower' },
    },
    highlights: {
      merged: `${pairs.size} matrices of ${source.step} with adapters of rank ${adapters.rank}, now float32; ${(metadata.bytes / 1e6).toFixed(2)} MB`,
    },
  };
});
