import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parseTarget } from './target.ts';

const STAGES = ['download', 'train', 'import'];

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'target-'));
  mkdirSync(join(root, 'pipelines'));
  writeFileSync(join(root, 'pipelines/project.json'), '{ "targets": { "gc": {} } }');
  const pipeline = (name: string, steps: string) =>
    writeFileSync(join(root, `pipelines/${name}.yaml`), `steps:\n${steps}`);
  pipeline('tiny', '  download:\n  train:\n');
  pipeline('two-sizes', '  download:\n  small: { stage: train }\n  large: { stage: train }\n');
  pipeline('broken', '  download: [\n');
});

const parse = (word: string) => parseTarget(root, word, STAGES);

test.each([
  ['tiny', 'pipeline', 'tiny'],
  ['pipeline:tiny', 'pipeline', 'tiny'],
  ['train:tiny', 'train', 'tiny'],
  ['small:two-sizes', 'small', 'two-sizes'],
  ['train:two-sizes', 'train', 'two-sizes'], // all steps of that stage
  ['broken', 'pipeline', 'broken'], // which is told with the file's line
  ['train:broken', 'train', 'broken'],
])('%s is a target', (word, project, pipeline) => {
  expect(parse(word)).toEqual({ project, pipeline });
});

test.each([
  [
    'import:tiny',
    /no step "import" in pipeline tiny[^]*one of download, train\n[^]*to do: +check[^]*npx arrowsmith run tiny/,
  ],
  ['small:tiny', /no step "small" in pipeline tiny[^]*one of download, train\n/],
  ['trian:tiny', /no step "trian"[^]*did you mean train:tiny\?/],
  ['smal:two-sizes', /did you mean small:two-sizes\?/],
  ['tniy', /no pipeline "tniy"[^]*one of broken, tiny, two-sizes\n[^]*did you mean tiny\?/],
  ['train:tniy', /no pipeline "tniy"[^]*did you mean train:tiny\?/],
  ['train:nope', /no pipeline "nope"[^]*one of broken, tiny, two-sizes\n[^]*to do: +check the spelling/],
  ['nope', /no pipeline "nope"[^]*to do: +check the spelling/],
  ['train', /"train" is a step, and no pipeline[^]*one of broken, tiny, two-sizes\n[^]*npx arrowsmith run train:tiny/],
  ['small', /"small" is a step, and no pipeline[^]*npx arrowsmith run small:two-sizes/],
  ['import', /"import" is a step, and no pipeline[^]*no pipeline here has it/],
  ['tiny:train', /did you mean train:tiny\?/],
  ['train:tiny:more', /"train:tiny:more"[^]*<step>:<pipeline>/],
  ['gc', /"gc" is a command, and no pipeline[^]*npx arrowsmith gc/],
])('%s is none, which is told with what there is', (word, message) => {
  expect(() => parse(word)).toThrow(message);
});
