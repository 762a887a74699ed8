/** @file Of an adapter, the files of PEFT. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { exportAdapter } from '@arrowsmith/export';
import type { CheckpointType } from '@arrowsmith/formats';
import type { InputArtifact, StageContext, StageResult } from '@arrowsmith/pipeline/stage';
import { ADAPTER_FILE, checkBase, readAdapter } from '@arrowsmith/quantization/adapter';
import type { ResolvedExport } from './resolve.ts';

/** @throws UserError for a format that has no adapters, and for a model that the adapter is not of */
export async function exportPeft(
  { step, parameters: { format, precision = 'f32', name }, outputPath }: StageContext<ResolvedExport>,
  model: InputArtifact,
  source: InputArtifact,
): Promise<StageResult> {
  if (format !== 'huggingface') {
    throw new UserError({
      what: `the format ${format} has no adapters`,
      where: `${step}.format`,
      expected: 'huggingface, for PEFT',
      found: format,
      fix: 'export what the stage `merge` makes of model and adapter, or leave `inputs: { adapter: … }` out',
    });
  }
  const adapter = await readAdapter(await source.file(ADAPTER_FILE));
  checkBase(adapter, model, `write \`inputs: { model: … }\` in ${step} with the model that ${source.step} reads`);
  const folder = outputPath('.');
  const provenance = [model, source].map(({ step: made, digest }) => ({ step: made, digest }));
  const exported = { ...adapter, base: name, provenance };
  const { architecture } = await exportAdapter(folder, exported, precision as CheckpointType); // the declaration's, of that format
  const files = (await readdir(folder)).sort();
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return {
    metadata: { format: 'peft', precision, architecture, from: source.digest, base: model.digest },
    metrics: { bytes: { value: bytes, unit: 'bytes', better: 'lower' } },
    highlights: {
      exported: `an adapter of ${name ?? model.step} (${architecture}), ${precision}, ${(bytes / 1e6).toFixed(2)} MB: ${files.join(', ')}`,
    },
  };
}
