/** @file Fuzzes the readers of adapters: PEFT's folder, and this project's own table. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { weightBatches, weightsTable, writeTable } from '@arrowsmith/artifacts';
import { readPeftAdapter } from '@arrowsmith/formats';
import { adapterConfig, decoderConfig, initialAdapters, modelParameters } from '@arrowsmith/model';
import { ADAPTER_FILE, adapterMetadata, readAdapter, storeAdapter } from '@arrowsmith/quantization/adapter';
import type { Fuzzer } from '../harness.ts';

/** The model that the fixture's adapter is of (shared/formats/src/peft/peft.test.ts). */
const config = decoderConfig(
  modelParameters.parse({ family: 'llama3', hiddenSize: 16, layers: 2, heads: 4, kvHeads: 2, intermediateSize: 24 }),
  { vocabularySize: 23, contextLength: 12 },
);

const ofPeft: Fuzzer = {
  name: 'adapter-peft',
  async prepare(folder) {
    const files = ['adapter_config.json', 'adapter_model.safetensors'];
    for (const file of files) cpSync(join(import.meta.dirname, '../../fixtures/peft', file), join(folder, file));
    return {
      files: [
        { path: join(folder, files[0]!), kind: 'json' },
        { path: join(folder, files[1]!), kind: 'bytes' },
      ],
      read: () => readPeftAdapter(folder, config),
    };
  },
};

const own: Fuzzer = {
  name: 'adapter',
  async prepare(folder) {
    const path = join(folder, ADAPTER_FILE);
    const adapters = adapterConfig(config, { rank: 2, alpha: 4, projections: ['q_proj', 'down_proj'] }, 'rank');
    const metadata = adapterMetadata({ adapters, config, base: '0'.repeat(64) });
    const weights = initialAdapters(config, adapters, 1);
    await writeTable(path, weightsTable, metadata, weightBatches(storeAdapter(weights)));
    return { files: [{ path, kind: 'bytes' }], read: () => readAdapter(path) };
  },
};

export const adapters: readonly Fuzzer[] = [ofPeft, own];
