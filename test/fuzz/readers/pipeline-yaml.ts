/** @file Fuzzes pipeline files. */
import { cpSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadDeclarations, loadPipeline } from '@arrowsmith/pipeline';
import { REPOSITORY } from '../../support/workspace.ts';
import type { Fuzzer } from '../harness.ts';

export const pipelineYaml: Fuzzer = {
  name: 'pipeline-yaml',
  async prepare(folder) {
    const declarations = await loadDeclarations(REPOSITORY);
    const names = readdirSync(join(REPOSITORY, 'pipelines'))
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => name.replace('.yaml', ''));
    mkdirSync(join(folder, 'pipelines'));
    for (const name of names)
      cpSync(join(REPOSITORY, 'pipelines', `${name}.yaml`), join(folder, 'pipelines', `${name}.yaml`));
    const pathOf = (name: string): string => join(folder, 'pipelines', `${name}.yaml`);
    const valid = new Map(names.map((name) => [name, readFileSync(pathOf(name), 'utf8')]));
    const isChanged = (name: string): boolean => {
      const isFile = lstatSync(pathOf(name), { throwIfNoEntry: false })?.isFile() === true;
      return !isFile || readFileSync(pathOf(name), 'utf8') !== valid.get(name);
    };
    return {
      files: names.map((name) => ({ path: pathOf(name), kind: 'text' })),
      // A valid one shows that the folder can be read; what extends the changed file has its faults from it.
      read: async () => ['smoke', ...names.filter(isChanged)].map((name) => loadPipeline(folder, name, declarations)),
    };
  },
};
