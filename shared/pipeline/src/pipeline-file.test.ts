import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { parseFlags, parsePipelineSet } from './overrides.ts';
import { loadPipeline, parseParameters, pipelineJsonSchema, stepStages } from './pipeline-file.ts';
import { declareStage, one, type StageDeclaration } from './stage.ts';

const source = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('file'), path: z.string() }),
  z.strictObject({ type: z.literal('embedded'), stories: z.int().default(10), seed: z.int().default(1) }),
]);
const file = z.strictObject({ path: z.string(), bytes: z.int().optional() });
const train = declareStage({
  name: 'train',
  description: 'Trains',
  inputs: { corpus: one('corpus') },
  makes: ['model'],
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
      inputs: {},
      makes: ['corpus'],
      parameters: z.strictObject({ source, files: z.union([file, z.array(file)]).optional() }),
    }) as never,
  ],
  ['train', train as never],
  [
    'quantize',
    declareStage({
      name: 'quantize',
      description: '',
      inputs: { model: one('model') },
      makes: ['model'],
      parameters: z.strictObject({}),
    }) as never,
  ],
]);

const REPOSITORY = resolve(import.meta.dirname, '../../..');

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pipelines-'));
  mkdirSync(join(root, 'pipelines'));
  write('base', 'steps:\n  quantize:\n  train:\n    steps: 5\n  download:\n    source: { type: file, path: a.txt }\n');
});
const write = (name: string, text: string) => writeFileSync(join(root, 'pipelines', `${name}.yaml`), text);
const parametersOf = (name: string, set = '') =>
  Object.fromEntries(Object.entries(load(name, set).steps).map(([step, { parameters }]) => [step, parameters]));
const load = (name: string, set = '') => loadPipeline(root, name, declarations, parsePipelineSet(set));

/** What an error says; nothing where there is none. */
function messageOf(work: () => unknown): string {
  try {
    work();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a good pipeline file', () => {
  test('gets its defaults, and its steps in the order in which they run', () => {
    const { steps } = load('base');
    expect(steps).toEqual({
      download: { stage: 'download', parameters: { source: { type: 'file', path: 'a.txt' } }, inputs: {} },
      train: {
        stage: 'train',
        parameters: { steps: 5, optimizer: { learningRate: 0.1, beta: 0.9 } },
        inputs: { corpus: ['download'] },
      },
      quantize: { stage: 'quantize', parameters: {}, inputs: { model: ['train'] } },
    });
    expect(Object.keys(steps)).toEqual(['download', 'train', 'quantize']);
  });

  test('extends another, key by key; a source of another type replaces the whole source', () => {
    write(
      'child',
      'extends: base\nsteps:\n  train:\n    optimizer: { beta: 0.5 }\n  download:\n    source: { type: embedded }\n',
    );
    expect(parametersOf('child')).toEqual({
      download: { source: { type: 'embedded', stories: 10, seed: 1 } },
      train: { steps: 5, optimizer: { learningRate: 0.1, beta: 0.5 } },
      quantize: {},
    });
  });

  test('is changed by PIPELINE_SET', () => {
    expect(parametersOf('base', 'train.steps=7,train.optimizer.learningRate=1e-3')['train']).toEqual({
      steps: 7,
      optimizer: { learningRate: 0.001, beta: 0.9 },
    });
  });
});

describe('a bad pipeline file is told by file, line and key', () => {
  test('unknown parameter, with those that are known', () => {
    write('bad', 'extends: base\nsteps:\n  train:\n    # a comment\n    optimizer:\n      learnigRate: 1\n');
    expect(() => load('bad')).toThrow(
      /pipelines\/bad\.yaml:6: unknown parameter "train\.optimizer\.learnigRate" \(known here: learningRate, beta\)/,
    );
  });

  test('unknown stage', () => {
    write('bad', 'extends: base\nsteps:\n  trian:\n    steps: 1\n');
    expect(() => load('bad')).toThrow(
      /pipelines\/bad\.yaml:3: unknown stage "trian" \(known here: download, train, quantize; a step of another name says its `stage:`\)/,
    );
  });

  test('wrong type, in the file that says it, not in the one that extends it', () => {
    write('broken-base', 'steps:\n  train:\n    steps: many\n  download:\n    source: { type: file, path: a.txt }\n');
    write('bad', 'extends: broken-base\nsteps:\n  train:\n');
    expect(() => load('bad')).toThrow(
      /pipelines\/broken-base\.yaml:3: train\.steps: .*expected number, received string/,
    );
  });

  test('several errors at once', () => {
    write('bad', 'steps:\n  download:\n    source: { type: file, path: 3 }\n  train:\n    steps: 0\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:3: download\.source\.path[^]*bad\.yaml:5: train\.steps/);
  });

  test('within alternatives, what is wrong in the one that was meant', () => {
    write('bad', 'extends: base\nsteps:\n  download:\n    files: { path: a, bytes: many }\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:4: download\.files\.bytes: .*expected number, received string/);
    write('bad', 'extends: base\nsteps:\n  download:\n    files: { path: a, byts: 3 }\n');
    expect(() => load('bad')).toThrow(
      /bad\.yaml:4: unknown parameter "download\.files\.byts" \(known here: path, bytes\)/,
    );
    write('bad', 'extends: base\nsteps:\n  download:\n    files: 3\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:4: download\.files: Invalid input/);
  });

  test('a missing parameter, at the stage that lacks it', () => {
    write('bad', 'steps:\n  download:\n    source: { type: file, path: a }\n  train:\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:4: train\.steps: .*received undefined/);
  });

  test('what fits no longer beside PIPELINE_SET, with what to add to it', () => {
    write('fits', 'extends: base\nsteps:\n  train:\n    optimizer: { learningRate: 0.2, beta: 0.5 }\n');
    const advice = 'to do:     change train.optimizer.beta, too: ';
    const set = 'train.optimizer.learningRate=0.7';
    const expected = `${advice}PIPELINE_SET='${set},train.optimizer.beta=<value>'`;
    expect(() => load('fits', set)).toThrow(expected);
    expect(() => load('fits', set)).toThrow(
      /pipelines\/fits\.yaml:4: train\.optimizer\.beta: must not be below learningRate/,
    );
    expect(() => load('fits', 'train.optimizer.beta=0.1')).toThrow(/to do: +choose another value/);
    expect(parametersOf('fits', `${set},train.optimizer.beta=0.8`)['train']).toMatchObject({
      optimizer: { beta: 0.8 },
    });
  });

  test('a step without one that makes what it reads', () => {
    write('bad', 'steps:\n  train:\n    steps: 1\n');
    expect(() => load('bad')).toThrow(
      /bad\.yaml:2: step train needs a corpus[^]*the stage download[^]*add `download:`/,
    );
  });

  test('broken YAML', () => {
    write('bad', 'steps:\n  train: { steps: 1\n  download:\n');
    expect(() => load('bad')).toThrow(/pipelines\/bad\.yaml:\d+: not valid YAML/);
    write('bad', '- a\n- b\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:1: a pipeline file is a mapping/);
  });

  test('text that YAML takes for an alias, with how to write it', () => {
    write('bad', 'extends: base\nsteps:\n  download:\n    source: { type: file, path: *** }\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:4: \*\*\* refers to nothing[^]*in quotes: '\*\*\*'/);
    write('good', 'extends: base\nsteps:\n  train: { steps: &n 3, optimizer: { beta: *n } }\n');
    expect(parametersOf('good')['train']).toMatchObject({ steps: 3, optimizer: { beta: 3 } });
  });

  test('a file without steps', () => {
    for (const text of ['', 'description: nothing yet\n', 'steps:\n']) {
      write('bad', text);
      expect(() => load('bad')).toThrow(/bad\.yaml:1: a pipeline without steps[^]*download, train, quantize/);
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
    ['steps', '5', 'a mapping', '5'],
    ['steps', '[train]', 'a mapping', '\\["train"\\]'],
    ['steps', 'train', 'a mapping', '"train"'],
  ])('%s: %s, in the file itself and in one that it extends', (key, value, expected, found) => {
    const message = new RegExp(`^pipelines/bad\\.yaml:2: ${key}: expected ${expected} [^]*found ${found}\\n`);
    write('bad', `# one\n${key}: ${value}\n`);
    expect(() => load('bad')).toThrow(message);
    expect(() => load('bad', 'train.steps=1')).toThrow(message);
    const base = 'download:\n    source: { type: file, path: a }';
    write('child', `extends: bad\ndescription: x\nsteps:\n  ${base}\n`); // which would hide it
    expect(() => load('child')).toThrow(message);
  });

  test.each(['5', '[a]', 'text', 'true'])(
    'steps.train: %s, also where a file that extends it would hide it',
    (value) => {
      write('bad', `extends: base\nsteps:\n  train: ${value}\n`);
      write('child', 'extends: bad\nsteps:\n  train:\n    steps: 3\n');
      for (const name of ['bad', 'child'])
        expect(() => load(name)).toThrow(/^pipelines\/bad\.yaml:3: train: expected parameters [^]*found /);
    },
  );

  test('a parameter without a value', () => {
    write('bad', 'extends: base\nsteps:\n  train:\n    steps:\n    optimizer:\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:4: train\.steps: .*expected number, received nothing\n/);
  });

  test('names that all objects have are names like others: of a stage, a parameter, a key', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype']) {
      write('bad', `extends: base\nsteps:\n  ${name}: { x: 1 }\n`);
      expect(() => load('bad')).toThrow(`pipelines/bad.yaml:3: unknown stage "${name}" (known here: download,`);
      write('bad', `extends: base\nsteps:\n  train: { optimizer: { ${name}: { x: 1 } } }\n`);
      expect(() => load('bad')).toThrow(`pipelines/bad.yaml:3: unknown parameter "train.optimizer.${name}"`);
      write('bad', `extends: base\n${name}: 1\n`);
      expect(() => load('bad')).toThrow(`pipelines/bad.yaml:2: unknown key "${name}" (known here: description,`);
      expect(() => load('base', `${name}.x=1`)).toThrow(`PIPELINE_SET ${name}.x=1: the pipeline has no step ${name}`);
      expect(() => load('base', `train.${name}.x=1`)).toThrow(`unknown parameter "train.${name}"`);
    }
  });

  test('what all objects share cannot be reached', () => {
    write('bad', 'extends: base\nsteps:\n  train:\n    __proto__: { polluted: true }\n');
    expect(() => load('bad')).toThrow(/^pipelines\/bad\.yaml:4: "__proto__" is no parameter/);
    expect(() => load('base', 'train.__proto__.polluted=true')).toThrow(/"__proto__" is no parameter/);
    expect('polluted' in {}).toBe(false);
  });

  test('so many mistakes that no one reads them all', () => {
    write(
      'bad',
      `extends: base\nsteps:\n  train:\n${Array.from({ length: 5000 }, (_, i) => `    x${i}: 1\n`).join('')}`,
    );
    const message = messageOf(() => load('bad'));
    expect(message).toMatch(/^pipelines\/bad\.yaml:4: unknown parameter "train\.x0"[^]*\nand 4980 more\n/);
    expect(message.length).toBeLessThan(5000);
  });

  test('a key with an escape sequence, which the message writes out', () => {
    write('bad', 'extends: base\nsteps:\n  train:\n    "a\\e[2J\\nb": 1\n');
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

  test('no steps at all', () => {
    write('bad', 'description: nothing yet\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:1: a pipeline without steps/);
  });

  test('text that YAML takes for an alias', () => {
    write('bad', 'extends: base\nsteps:\n  download:\n    source: { type: file, path: *** }\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:4: [^]*in quotes|bad\.yaml:4: not valid YAML/);
  });

  test('PIPELINE_SET for a step that the pipeline does not have', () => {
    write('short', 'steps:\n  download:\n    source: { type: file, path: a }\n');
    expect(() => load('short', 'train.steps=3')).toThrow(/PIPELINE_SET train\.steps=3: the pipeline has no step train/);
  });

  test('PIPELINE_SET with an unknown parameter or a wrong type names PIPELINE_SET', () => {
    expect(() => load('base', 'train.stpes=3')).toThrow(
      /PIPELINE_SET train\.stpes=3: unknown parameter "train\.stpes" \(known here: steps, optimizer\)/,
    );
    expect(() => load('base', 'train.steps=three')).toThrow(/PIPELINE_SET train\.steps=three: train\.steps/);
    expect(() => load('base', 'tarin.steps=3')).toThrow(/the pipeline has no step tarin/);
  });

  test('PIPELINE_SET for a step that the pipeline has not adds no step', () => {
    write('short', 'steps:\n  download:\n    source: { type: file, path: a }\n');
    expect(() => load('short', 'train.steps=3')).toThrow(
      /PIPELINE_SET train\.steps=3: the pipeline has no step train[^]*pipelines\/short\.yaml[^]*a parameter of download/,
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

test('the JSON Schema knows every parameter with its description, and requires no more than the stage of a step of another name', () => {
  const schema = pipelineJsonSchema(declarations) as {
    definitions: { train: object };
    properties: { steps: { properties: { train: object }; additionalProperties: { anyOf: object[] } } };
  };
  expect(schema.definitions.train).toMatchObject({
    description: 'Trains',
    additionalProperties: false,
    properties: {
      stage: { const: 'train' },
      inputs: { properties: { corpus: { description: 'A step of the kind corpus' } } },
      steps: { type: 'integer', minimum: 1 },
      optimizer: { properties: { beta: { default: 0.9 } } },
    },
  });
  const { train: own } = schema.properties.steps.properties;
  expect(own).toMatchObject({ anyOf: [{ $ref: '#/definitions/train' }, { enum: [false, null] }] });
  expect(schema.properties.steps.additionalProperties.anyOf).toHaveLength(declarations.size + 1);
  expect(JSON.stringify(schema).match(/"required":\["stage"\]/g)).toHaveLength(declarations.size);
  expect(JSON.stringify(schema).match(/"required"/g)).toHaveLength(declarations.size);
});

describe('steps', () => {
  const two = `extends: base
steps:
  train: false
  quantize: false
  small: { stage: train, steps: 1 }
  large: { stage: train, steps: 2 }
  small-int8: { stage: quantize, inputs: { model: small } }
`;

  test('have names and parameters of their own; an extending file removes those that it does not want', () => {
    write('two', two);
    expect(load('two').steps).toMatchObject({
      download: { stage: 'download' },
      small: { stage: 'train', parameters: { steps: 1 }, inputs: { corpus: ['download'] } },
      large: { stage: 'train', parameters: { steps: 2 }, inputs: { corpus: ['download'] } },
      'small-int8': { stage: 'quantize', inputs: { model: ['small'] } },
    });
    expect(stepStages(root, 'two')).toEqual({
      download: 'download',
      small: 'train',
      large: 'train',
      'small-int8': 'quantize',
    });
  });

  test('are extended key by key, their inputs one by one; one of another stage replaces a step whole', () => {
    write('two', two);
    write(
      'child',
      'extends: two\nsteps:\n  small: { optimizer: { beta: 0.5 } }\n  small-int8: { inputs: { model: large } }\n',
    );
    expect(load('child').steps).toMatchObject({
      small: { parameters: { steps: 1, optimizer: { beta: 0.5 } } },
      'small-int8': { inputs: { model: ['large'] } },
    });
    write('other', 'extends: two\nsteps:\n  small-int8: false\n  large: { stage: quantize }\n');
    expect(load('other').steps).toMatchObject({
      large: { stage: 'quantize', parameters: {}, inputs: { model: ['small'] } },
    });
  });

  test('are changed by PIPELINE_SET by name, or all of a stage at once', () => {
    write('two', two);
    const stepsOf = (set: string) => Object.values(parametersOf('two', set)).map(({ steps }) => steps);
    expect(stepsOf('small.steps=7')).toEqual([undefined, 7, 2, undefined]);
    expect(stepsOf('train.steps=9,large.steps=8')).toEqual([undefined, 9, 8, undefined]);
  });

  test.each([
    [
      'small: { steps: 1 }',
      /bad\.yaml:3: unknown stage "small" \(known here: download, train, quantize; a step of another/,
    ],
    ['small: { stage: trian }', /bad\.yaml:3: unknown stage "trian"/],
    ['small: { stage: 3 }', /bad\.yaml:3: unknown stage 3/],
    [
      'download: { stage: train, steps: 1 }',
      /bad\.yaml:3: a step called like the stage download is of that stage, not of train/,
    ],
    ['Small: { stage: train }', /bad\.yaml:3: "Small" cannot name a step/],
    ['pipeline: { stage: train }', /bad\.yaml:3: "pipeline" cannot name a step/],
    [
      'small: { stage: train, steps: 1, inputs: { corpus: 3 } }',
      /bad\.yaml:3: small\.inputs\.corpus: the name of a step, or a list/,
    ],
    ['small: { stage: train, steps: 1, inputs: [download] }', /bad\.yaml:3: small\.inputs: /],
    ['train: false', /base\.yaml:2: step quantize needs a model[^]*the stage train or quantize/],
    ['train: false\n  quantize: false\n  download: false', /bad\.yaml:1: a pipeline without steps/],
    ['small: { stage: train, steps: 1 }', /./],
  ])('%s', (line, message) => {
    write('bad', `extends: base\nsteps:\n  ${line}\n`);
    expect(() => load('bad')).toThrow(message);
  });

  test('so many unknown stages that no one reads them all', () => {
    write('bad', `extends: base\nsteps:\n${Array.from({ length: 1000 }, (_, i) => `  step-${i}: {}\n`).join('')}`);
    const message = messageOf(() => load('bad'));
    expect(message).toMatch(/^pipelines\/bad\.yaml:3: unknown stage "step-0"[^]*\nand 980 more\n/);
    expect(message.length).toBeLessThan(5000);
  });

  test('what a step is and reads cannot be set from outside', () => {
    expect(() => load('base', 'train.inputs.corpus=x')).toThrow(/train\.inputs is no parameter[^]*to do/);
    expect(() => load('base', 'train.stage=quantize')).toThrow(/train\.stage is no parameter/);
  });

  test('the name that steps had before says what it is called now', () => {
    write('bad', 'extends: base\nstages:\n  train: { steps: 1 }\n');
    expect(() => load('bad')).toThrow(/bad\.yaml:2: unknown key "stages" \(`stages:` is called `steps:` now/);
  });
});
