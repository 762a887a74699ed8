import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseFlags, parsePipelineSet } from './overrides.ts';
import { loadPipeline, parseParameters, pipelineJsonSchema } from './pipeline-file.ts';
import { declareStage, type StageDeclaration } from './stage.ts';

const source = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('file'), path: z.string() }),
  z.strictObject({ type: z.literal('embedded'), stories: z.int().default(10), seed: z.int().default(1) }),
]);
const file = z.strictObject({ path: z.string(), bytes: z.int().optional() });
const train = declareStage({
  name: 'train',
  description: 'Trains',
  inputs: ['download'],
  parameters: z.strictObject({
    steps: z.int().min(1),
    optimizer: z
      .strictObject({ learningRate: z.number().default(0.1), beta: z.number().default(0.9) })
      .refine(({ learningRate, beta }) => beta >= learningRate, {
        path: ['beta'],
        error: 'must not be below learningRate',
      })
      .prefault({}),
  }),
});
const declarations = new Map<string, StageDeclaration>([
  [
    'download',
    declareStage({
      name: 'download',
      description: 'Reads',
      inputs: [],
      parameters: z.strictObject({ source, files: z.union([file, z.array(file)]).optional() }),
    }) as never,
  ],
  ['train', train as never],
  [
    'quantize',
    declareStage({ name: 'quantize', description: '', inputs: ['train'], parameters: z.strictObject({}) }) as never,
  ],
]);

const REPOSITORY = resolve(import.meta.dirname, '../../..');

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pipelines-'));
  mkdirSync(join(root, 'pipelines'));
  write('base', 'stages:\n  quantize:\n  train:\n    steps: 5\n  download:\n    source: { type: file, path: a.txt }\n');
});
const write = (name: string, text: string) => writeFileSync(join(root, 'pipelines', `${name}.yaml`), text);
const load = (name: string, set = '') => loadPipeline(root, name, declarations, parsePipelineSet(set));

describe('a good pipeline file', () => {
  test('gets its defaults, and its stages in the order in which they run', () => {
    const { stages } = load('base');
    expect(stages).toEqual({
      download: { source: { type: 'file', path: 'a.txt' } },
      train: { steps: 5, optimizer: { learningRate: 0.1, beta: 0.9 } },
      quantize: {},
    });
    expect(Object.keys(stages)).toEqual(['download', 'train', 'quantize']);
  });

  test('extends another, key by key; a source of another type replaces the whole source', () => {
    write(
      'child',
      'extends: base\nstages:\n  train:\n    optimizer: { beta: 0.5 }\n  download:\n    source: { type: embedded }\n',
    );
    expect(load('child').stages).toEqual({
      download: { source: { type: 'embedded', stories: 10, seed: 1 } },
      train: { steps: 5, optimizer: { learningRate: 0.1, beta: 0.5 } },
      quantize: {},
    });
  });

  test('is changed by PIPELINE_SET', () => {
    expect(load('base', 'train.steps=7,train.optimizer.learningRate=1e-3').stages['train']).toEqual({
      steps: 7,
      optimizer: { learningRate: 0.001, beta: 0.9 },
    });
  });
});

describe('a bad pipeline file is told by file, line and key', () => {
  test('unknown parameter, with those that are known', () => {
    write('bad', 'extends: base\nstages:\n  train:\n    # a comment\n    optimizer:\n      learnigRate: 1\n');
    expect(() => load('bad')).toThrow(
      /pipelines\/bad\.yaml:6: unknown parameter "train\.optimizer\.learnigRate" \(known here: learningRate, beta\)/,
    );
  });

  test('unknown stage', () => {
    write('bad', 'extends: base\nstages:\n  trian:\n    steps: 1\n');
    expect(() => load('bad')).toThrow(
      /pipelines\/bad\.yaml:3: unknown stage "trian" \(known here: download, train, quantize\)/,
    );
  });

  test('wrong type, in the file that says it, not in the one that extends it', () => {
    write('broken-base', 'stages:\n  train:\n    steps: many\n  download:\n    source: { type: file, path: a.txt }\n');
    write('bad', 'extends: broken-base\nstages:\n  train:\n');
    expect(() => load('bad')).toThrow(
      /pipelines\/broken-base\.yaml:3: train\.steps: .*expected number, received string/,
    );
  });

  test('several errors at once', () => {
    write('bad', 'stages:\n  download:\n    source: { type: file, path: 3 }\n  train:\n    steps: 0\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:3: download\.source\.path[^]*bad\.yaml:5: train\.steps/);
  });

  test('within alternatives, what is wrong in the one that was meant', () => {
    write('bad', 'extends: base\nstages:\n  download:\n    files: { path: a, bytes: many }\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:4: download\.files\.bytes: .*expected number, received string/);
    write('bad', 'extends: base\nstages:\n  download:\n    files: { path: a, byts: 3 }\n');
    expect(() => load('bad')).toThrow(
      /bad\.yaml:4: unknown parameter "download\.files\.byts" \(known here: path, bytes\)/,
    );
    write('bad', 'extends: base\nstages:\n  download:\n    files: 3\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:4: download\.files: Invalid input/);
  });

  test('a missing parameter, at the stage that lacks it', () => {
    write('bad', 'stages:\n  download:\n    source: { type: file, path: a }\n  train:\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:4: train\.steps: .*received undefined/);
  });

  test('what fits no longer beside PIPELINE_SET, with what to add to it', () => {
    write('fits', 'extends: base\nstages:\n  train:\n    optimizer: { learningRate: 0.2, beta: 0.5 }\n');
    const advice = 'to do:     change train.optimizer.beta, too: ';
    const set = 'train.optimizer.learningRate=0.7';
    const expected = `${advice}PIPELINE_SET='${set},train.optimizer.beta=<value>'`;
    expect(() => load('fits', set)).toThrow(expected);
    expect(() => load('fits', set)).toThrow(
      /pipelines\/fits\.yaml:4: train\.optimizer\.beta: must not be below learningRate/,
    );
    expect(() => load('fits', 'train.optimizer.beta=0.1')).toThrow(/to do: +mend the lines/);
    expect(load('fits', `${set},train.optimizer.beta=0.8`).stages['train']).toMatchObject({ optimizer: { beta: 0.8 } });
  });

  test('a stage without the stage it reads from', () => {
    write('bad', 'stages:\n  train:\n    steps: 1\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:2: stage train needs the stage download[^]*add `download:`/);
  });

  test('broken YAML', () => {
    write('bad', 'stages:\n  train: { steps: 1\n  download:\n');
    expect(() => load('bad')).toThrow(/pipelines\/bad\.yaml:\d+: not valid YAML/);
    write('bad', '- a\n- b\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:1: a pipeline file is a mapping/);
  });

  test('text that YAML takes for an alias, with how to write it', () => {
    write('bad', 'extends: base\nstages:\n  download:\n    source: { type: file, path: *** }\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:4: \*\*\* refers to nothing[^]*in quotes: '\*\*\*'/);
    write('good', 'extends: base\nstages:\n  train: { steps: &n 3, optimizer: { beta: *n } }\n');
    expect(load('good').stages['train']).toMatchObject({ steps: 3, optimizer: { beta: 3 } });
  });

  test('a file without stages', () => {
    for (const text of ['', 'description: nothing yet\n', 'stages:\n']) {
      write('bad', text);
      expect(() => load('bad')).toThrow(/bad\.yaml:1: a pipeline without stages[^]*download, train, quantize/);
    }
  });

  test('a pipeline that extends one that is not there, or itself', () => {
    write('bad', 'description: x\nextends: nothing\n');
    expect(() => load('bad')).toThrow(
      /there is no pipeline "nothing"[^]*where: +pipelines\/bad\.yaml:2[^]*one of bad, base/,
    );
    write('one', 'extends: two\n');
    write('two', 'extends: one\n');
    expect(() => load('one')).toThrow(/extends itself: one → two → one/);
  });

  test.each([
    ['extends', '5', 'the name of one pipeline', '5'],
    ['extends', '[base]', 'the name of one pipeline', '\\["base"\\]'],
    ['extends', '', 'the name of one pipeline', 'nothing'],
    ['extends', '{ base: 1 }', 'the name of one pipeline', '{"base":1}'],
    ['description', '5', 'text', '5'],
    ['description', '[a]', 'text', '\\["a"\\]'],
    ['description', '', 'text', 'nothing'],
    ['stages', '5', 'a mapping', '5'],
    ['stages', '[train]', 'a mapping', '\\["train"\\]'],
    ['stages', 'train', 'a mapping', '"train"'],
  ])('%s: %s, in the file itself and in one that it extends', (key, value, expected, found) => {
    const message = new RegExp(`^pipelines/bad\\.yaml:2: ${key}: expected ${expected} [^]*found ${found}\\n`);
    write('bad', `# one\n${key}: ${value}\n`);
    expect(() => load('bad')).toThrow(message);
    expect(() => load('bad', 'train.steps=1')).toThrow(message);
    const base = 'download:\n    source: { type: file, path: a }';
    write('child', `extends: bad\ndescription: x\nstages:\n  ${base}\n`); // which would hide it
    expect(() => load('child')).toThrow(message);
  });

  test.each(['5', '[a]', 'text', 'true'])(
    'stages.train: %s, also where a file that extends it would hide it',
    (value) => {
      write('bad', `extends: base\nstages:\n  train: ${value}\n`);
      write('child', 'extends: bad\nstages:\n  train:\n    steps: 3\n');
      for (const name of ['bad', 'child'])
        expect(() => load(name)).toThrow(/^pipelines\/bad\.yaml:3: train: expected parameters [^]*found /);
    },
  );

  test('a parameter without a value', () => {
    write('bad', 'extends: base\nstages:\n  train:\n    steps:\n    optimizer:\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:4: train\.steps: .*expected number, received nothing\n/);
  });

  test('names that all objects have are names like others: of a stage, a parameter, a key', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype']) {
      write('bad', `extends: base\nstages:\n  ${name}: { x: 1 }\n`);
      expect(() => load('bad')).toThrow(`pipelines/bad.yaml:3: unknown stage "${name}" (known here: download,`);
      write('bad', `extends: base\nstages:\n  train: { optimizer: { ${name}: { x: 1 } } }\n`);
      expect(() => load('bad')).toThrow(`pipelines/bad.yaml:3: unknown parameter "train.optimizer.${name}"`);
      write('bad', `extends: base\n${name}: 1\n`);
      expect(() => load('bad')).toThrow(`pipelines/bad.yaml:2: unknown parameter "${name}"`);
      expect(() => load('base', `${name}.x=1`)).toThrow(`PIPELINE_SET ${name}.x=1: unknown stage "${name}"`);
      expect(() => load('base', `train.${name}.x=1`)).toThrow(`unknown parameter "train.${name}"`);
    }
  });

  test('what all objects share cannot be reached', () => {
    write('bad', 'extends: base\nstages:\n  train:\n    __proto__: { polluted: true }\n');
    expect(() => load('bad')).toThrow(/^pipelines\/bad\.yaml:4: "__proto__" is no parameter/);
    expect(() => load('base', 'train.__proto__.polluted=true')).toThrow(/"__proto__" is no parameter/);
    expect('polluted' in {}).toBe(false);
  });

  test('so many mistakes that no one reads them all', () => {
    write(
      'bad',
      `extends: base\nstages:\n  train:\n${Array.from({ length: 5000 }, (_, i) => `    x${i}: 1\n`).join('')}`,
    );
    const message = (() => {
      try {
        load('bad');
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    })();
    expect(message).toMatch(/^pipelines\/bad\.yaml:4: unknown parameter "train\.x0"[^]*\nand 4980 more\n/);
    expect(message.length).toBeLessThan(5000);
  });

  test('a key with an escape sequence, which the message writes out', () => {
    write('bad', 'extends: base\nstages:\n  train:\n    "a\\e[2J\\nb": 1\n');
    expect(() => load('bad')).toThrow('pipelines/bad.yaml:4: unknown parameter "train.a\\u001b[2J\\nb" (known');
  });

  test('a name that Nx would take for something else', () => {
    write('t', 'extends: base\n');
    expect(() => load('t')).toThrow(/"t" cannot name a pipeline/);
  });

  test('a name that is taken: by a command, or by a folder of artifacts', () => {
    const { targets } = JSON.parse(readFileSync(join(REPOSITORY, 'pipelines/project.json'), 'utf8')) as {
      targets: object;
    };
    for (const name of [...Object.keys(targets), 'runs', 'reports', 'store']) {
      write(name, 'extends: base\n');
      expect(() => load(name)).toThrow(`"${name}" cannot name a pipeline`);
    }
  });

  test.each(['build', 'gc', 'runs', 'store', 'constructor'])('the name %s, which stands for something else', (name) => {
    write(name, 'extends: base\n');
    expect(() => load(name)).toThrow(/cannot name a pipeline[^]*not build, gc, runs, [a-z, ]*store/);
  });

  test('no stages at all', () => {
    write('bad', 'description: nothing yet\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:1: a pipeline without stages/);
  });

  test('text that YAML takes for an alias', () => {
    write('bad', 'extends: base\nstages:\n  download:\n    source: { type: file, path: *** }\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:4: [^]*in quotes|bad\.yaml:4: not valid YAML/);
  });

  test('PIPELINE_SET for a stage that the pipeline does not have', () => {
    write('short', 'stages:\n  download:\n    source: { type: file, path: a }\n');
    expect(() => load('short', 'train.steps=3')).toThrow(
      /PIPELINE_SET train\.steps=3: the pipeline has no stage train/,
    );
  });

  test('PIPELINE_SET with an unknown parameter or a wrong type names PIPELINE_SET', () => {
    expect(() => load('base', 'train.stpes=3')).toThrow(
      /PIPELINE_SET train\.stpes=3: unknown parameter "train\.stpes" \(known here: steps, optimizer\)/,
    );
    expect(() => load('base', 'train.steps=three')).toThrow(/PIPELINE_SET train\.steps=three: train\.steps/);
    expect(() => load('base', 'tarin.steps=3')).toThrow(/unknown stage "tarin"/);
  });

  test('PIPELINE_SET for a stage that the pipeline has not adds no stage', () => {
    write('short', 'stages:\n  download:\n    source: { type: file, path: a }\n');
    expect(() => load('short', 'train.steps=3')).toThrow(
      /PIPELINE_SET train\.steps=3: the pipeline has no stage train[^]*pipelines\/short\.yaml[^]*a parameter of download/,
    );
  });
});

test('flags on one stage are checked like the file', () => {
  const parameters = { steps: 5, optimizer: {} };
  expect(parseParameters(train as never, parameters, parseFlags(['--steps=9']))).toMatchObject({ steps: 9 });
  expect(() => parseParameters(train as never, parameters, parseFlags(['--step=9']))).toThrow(
    /unknown parameter "step" \(known here: steps, optimizer\)/,
  );
  expect(() => parseParameters(train as never, parameters, parseFlags(['--optimizer.learningRate=5']))).toThrow(
    /to do: +change optimizer\.beta, too: --optimizer\.beta=<value>/,
  );
  expect(() => parseParameters(train as never, parameters, parseFlags(['--steps=0']))).toThrow(
    /steps: [^]*where: +train --steps=0/,
  );
});

test('the JSON Schema knows every parameter with its description, and requires none', () => {
  const schema = pipelineJsonSchema(declarations) as { properties: { stages: { properties: { train: object } } } };
  expect(schema.properties.stages.properties.train).toMatchObject({
    description: 'Trains',
    additionalProperties: false,
    properties: { steps: { type: 'integer', minimum: 1 }, optimizer: { properties: { beta: { default: 0.9 } } } },
  });
  expect(JSON.stringify(schema)).not.toContain('"required"');
});
