/** @file Fuzzes config.json of models in the form of Hugging Face. */
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readHuggingFaceConfig } from '@arrowsmith/formats';
import { UserError } from '@arrowsmith/errors';
import type { Fuzzer } from '../harness.ts';

const FAMILIES = join(import.meta.dirname, '../../fixtures/families');

export const configJson: Fuzzer = {
  name: 'config-json',
  async prepare(folder) {
    const folders: string[] = [];
    for (const name of readdirSync(FAMILIES).sort()) {
      const config = join(FAMILIES, name, 'config.json');
      if (!existsSync(config)) continue;
      folders.push(join(folder, name));
      mkdirSync(join(folder, name));
      cpSync(config, join(folder, name, 'config.json'));
    }
    return {
      files: folders.map((path) => ({ path: join(path, 'config.json'), kind: 'json' })),
      async read() {
        const configs: unknown[] = [];
        for (const path of folders) configs.push(await readHuggingFaceConfig(path));
        if (configs.length === 0) throw new UserError({ what: 'no fixtures of families' });
        return configs;
      },
    };
  },
};
