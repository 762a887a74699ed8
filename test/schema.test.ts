/** @file The pipeline files that come with the project, and their JSON Schema for editors. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ArtifactKind, loadDeclarations, loadPipeline, pipelineJsonSchema } from '@arrowsmith/pipeline';
import { REPOSITORY } from './support/workspace.ts';

const declarations = await loadDeclarations(REPOSITORY);
const tracked = execFileSync('git', ['ls-files', 'pipelines/*.yaml'], { cwd: REPOSITORY, encoding: 'utf8' });
const shipped = tracked
  .trim()
  .split('\n')
  .filter((file) => existsSync(join(REPOSITORY, file)));
const read = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8');

test("the committed JSON Schema is that of the stages' parameters; `npm run schema` makes it", () => {
  const committed: unknown = JSON.parse(read('pipelines/pipeline.schema.json'));
  expect(committed).toEqual(JSON.parse(JSON.stringify(pipelineJsonSchema(declarations))));
});

/** What every pipeline makes; other stages are in the pipelines that need them. */
const KINDS: readonly ArtifactKind[] = ['corpus', 'tokenizer', 'rows', 'model', 'measurements'];

describe.each(shipped)('%s', (file) => {
  test('loads, has all from text to measurements and says what it is for', () => {
    const { steps, description } = loadPipeline(REPOSITORY, basename(file, '.yaml'), declarations);
    const made = Object.values(steps).flatMap(({ stage }) => declarations.get(stage)!.makes);
    expect(made).toEqual(expect.arrayContaining([...KINDS]));
    expect(description).toMatch(/\w+ \w+/);
  });

  test('names its schema, for editors', () => {
    const schema = /^# yaml-language-server: \$schema=(\S+)$/m.exec(read(file))?.[1];
    expect(existsSync(join(REPOSITORY, 'pipelines', schema ?? 'none named'))).toBe(true);
  });
});
