import { describe, expect, test } from 'vitest';
import { applyOverrides, parseFlags, parsePipelineSet } from './overrides.ts';

describe('PIPELINE_SET', () => {
  test('assigns numbers, texts, lists and objects to paths', () => {
    const set =
      'train.steps=200,train.optimizer.learningRate=1e-3,evaluate.prompts=["a, b","c"],download.source={"type":"embedded"},train.model.family=llama3';
    expect(parsePipelineSet(set).map(({ path, value }) => [path.join('.'), value])).toEqual([
      ['train.steps', 200],
      ['train.optimizer.learningRate', 0.001],
      ['evaluate.prompts', ['a, b', 'c']],
      ['download.source', { type: 'embedded' }],
      ['train.model.family', 'llama3'],
    ]);
  });

  test('is empty when it is not set', () => {
    expect(parsePipelineSet('')).toEqual([]);
  });

  test.each(['steps=200', 'train.steps', 'train', 'train.steps:200'])('refuses %s with an example', (text) => {
    expect(() => parsePipelineSet(text)).toThrow(/PIPELINE_SET=train\.steps=200/);
  });

  test('refuses two values of a parameter, and takes the same one twice', () => {
    expect(() => parsePipelineSet('train.steps=3,train.steps=4')).toThrow(
      /train\.steps has two values[^]*found: +PIPELINE_SET train\.steps=3 PIPELINE_SET train\.steps=4/,
    );
    expect(parsePipelineSet('train.steps=3,train.steps=3')).toHaveLength(2);
  });
});

describe('flags', () => {
  test('refuse two values of a parameter', () => {
    expect(() => parseFlags(['--steps=300', '--steps', '400'])).toThrow(
      /steps has two values[^]*--steps=300 --steps=400/,
    );
  });

  test('may be written with or without an equals sign; a flag alone is true', () => {
    const flags = parseFlags([
      '--steps=200',
      '--optimizer.learningRate',
      '1e-3',
      '--model.tieWordEmbeddings',
      '--seed=-1',
    ]);
    expect(flags.map(({ path, value }) => [path.join('.'), value])).toEqual([
      ['steps', 200],
      ['optimizer.learningRate', 0.001],
      ['model.tieWordEmbeddings', true],
      ['seed', -1],
    ]);
  });

  test('a stray word is refused', () => {
    expect(() => parseFlags(['steps=200'])).toThrow(/"steps=200" is not understood/);
  });
});

describe('what all objects share is out of reach:', () => {
  test.each(['train.__proto__.x=1', '__proto__.x=1', 'train.a.__proto__=1', 'train.a={"b":[{"__proto__":{"x":1}}]}'])(
    'PIPELINE_SET=%s',
    (set) => {
      expect(() => parsePipelineSet(set)).toThrow(/^"__proto__" is no parameter\n[^]*found: +.*__proto__/);
      expect('x' in {}).toBe(false);
    },
  );

  test.each(['--__proto__.x=1', '--a.__proto__.x=1', '--a={"__proto__":1}'])('%s', (flag) => {
    expect(() => parseFlags([flag])).toThrow(/^"__proto__" is no parameter/);
  });

  test('names that every object inherits are names like others', () => {
    const changed = applyOverrides({}, parseFlags(['--constructor.prototype.x=1', '--toString=2', '--valueOf.a=3']));
    expect(Object.keys(changed)).toEqual(['constructor', 'toString', 'valueOf']);
    expect(changed).toEqual({ constructor: { prototype: { x: 1 } }, toString: 2, valueOf: { a: 3 } });
    expect('x' in {}).toBe(false);
  });
});

test('overrides change a copy and make the objects that a path needs', () => {
  const parameters = { steps: 1, optimizer: { learningRate: 1, beta1: 0.9 } };
  const changed = applyOverrides(parameters, parseFlags(['--optimizer.learningRate=2', '--model.layers=3']));
  expect(changed).toEqual({ steps: 1, optimizer: { learningRate: 2, beta1: 0.9 }, model: { layers: 3 } });
  expect(parameters.optimizer.learningRate).toBe(1);
});
