/** @file An adapter as a folder that PEFT loads. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CheckpointType, writePeftAdapter } from '@arrowsmith/formats';
import { type AdapterConfig, countAdapterParameters, type DecoderConfig, type Weights } from '@arrowsmith/model';

export interface ExportedAdapter {
  /** Of the model that it is of. */
  config: DecoderConfig;
  adapters: AdapterConfig;
  weights: Weights;
  /** What that model is called, or where its folder lies; PEFT loads it from there where it is given the adapter alone. */
  base?: string | undefined;
  /** Digests of what the adapter was made of, by step. */
  provenance: readonly { step: string; digest: string }[];
}

/**
 * Writes adapter_config.json, adapter_model.safetensors and README.md.
 *
 * @returns the architecture of transformers that the model is one of
 * @throws UserError where no architecture holds the model
 */
export async function exportAdapter(
  folder: string,
  { provenance, ...adapter }: ExportedAdapter,
  type: CheckpointType,
): Promise<{ architecture: string }> {
  const written = await writePeftAdapter(folder, { ...adapter, type });
  const { config, adapters, base } = adapter;
  const { rank, alpha, projections } = adapters;
  const card = [
    '---',
    'library_name: peft',
    'tags: [lora]',
    '---',
    '',
    `# An adapter of ${base ?? `a ${written.architecture}`}`,
    '',
    `LoRA of rank ${rank}, alpha ${alpha}, beside ${projections.join(', ')}: ${countAdapterParameters(config, adapters).toLocaleString('en-US')} parameters.`,
    '',
    '```python',
    'from peft import PeftModel',
    'from transformers import AutoModelForCausalLM',
    `model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(${JSON.stringify(base ?? 'the model')}), 'this folder')`,
    '```',
    '',
    'It was made of:',
    '',
    ...provenance.map(({ step, digest }) => `- ${step}: \`${digest}\``),
    '',
  ].join('\n');
  await writeFile(join(folder, 'README.md'), card);
  return written;
}
