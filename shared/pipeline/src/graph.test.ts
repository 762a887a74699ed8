/** @file How the steps of a pipeline find what they read. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type WrittenStep, wire, withInputs } from './graph.ts';
import { type ArtifactKind, declareStage, many, one, optional, type Port, type StageDeclaration } from './stage.ts';

const stage = (name: string, inputs: Record<string, Port>, makes: ArtifactKind[]) =>
  [name, declareStage({ name, description: '', inputs, makes, parameters: z.strictObject({}) })] as unknown as [
    string,
    StageDeclaration,
  ];

const declarations = new Map([
  stage('download', {}, ['corpus']),
  stage('tokenizer', { corpus: one('corpus') }, ['tokenizer']),
  stage('chunk', { corpus: one('corpus'), tokenizer: one('tokenizer') }, ['rows']),
  stage('train', { tokenizer: one('tokenizer'), rows: one('rows'), model: optional('model') }, ['model']),
  stage('import', {}, ['model', 'tokenizer']),
  stage('quantize', { model: one('model') }, ['model']),
  stage('evaluate', { tokenizer: one('tokenizer'), rows: one('rows'), models: many('model') }, ['measurements']),
]);

/** `small: train`, or with inputs: `int8: quantize model=small`. */
function steps(...lines: string[]): Map<string, WrittenStep> {
  return new Map(
    lines.map((line) => {
      const [, name = '', of = '', rest = ''] = /^([\w-]+)(?:: (\w+))?((?: \w+=\S*)*)$/.exec(line)!;
      const inputs = [...rest.matchAll(/(\w+)=(\S*)/g)].map(([, port, sources]) => [
        port,
        sources === '' ? [] : sources!.split(','),
      ]);
      return [name, { stage: of || name, inputs: Object.fromEntries(inputs) as WrittenStep['inputs'] }];
    }),
  );
}

const wired = (...lines: string[]) =>
  wire(steps(...lines), declarations, (step, port) => `x.yaml:${step}${port === undefined ? '' : `/${port}`}`);

const CHAIN = ['download', 'tokenizer', 'chunk', 'train', 'quantize', 'evaluate'];

describe('wiring by kind', () => {
  test('the usual chain needs no word of it, in whatever order it is written', () => {
    const found = wired(...CHAIN.toReversed());
    expect([...found.keys()]).toEqual(CHAIN);
    expect(Object.fromEntries(found)).toEqual({
      download: {},
      tokenizer: { corpus: ['download'] },
      chunk: { corpus: ['download'], tokenizer: ['tokenizer'] },
      train: { tokenizer: ['tokenizer'], rows: ['chunk'], model: [] },
      quantize: { model: ['train'] },
      evaluate: { tokenizer: ['tokenizer'], rows: ['chunk'], models: ['quantize', 'train'] },
    });
  });

  test('a port that takes many has all of its kind, or those that the file chooses', () => {
    const two = ['download', 'tokenizer', 'chunk', 'small: train', 'large: train', 'int8: quantize model=small'];
    expect(wired(...two, 'evaluate').get('evaluate')!['models']).toEqual(['small', 'large', 'int8']);
    expect(wired(...two, 'evaluate models=large,int8').get('evaluate')!['models']).toEqual(['large', 'int8']);
  });

  test('one artifact may be of two kinds', () => {
    const found = wired('download', 'import', 'chunk', 'train model=import', 'evaluate');
    expect(found.get('chunk')).toEqual({ corpus: ['download'], tokenizer: ['import'] });
    expect(found.get('train')).toEqual({ tokenizer: ['import'], rows: ['chunk'], model: ['import'] });
    expect(found.get('evaluate')!['models']).toEqual(['import', 'train']);
  });

  test('what reads a step cannot be what it reads: a port may have one candidate for that reason', () => {
    const found = wired('download', 'tokenizer', 'chunk', 'train', 'first: quantize', 'second: quantize model=first');
    expect(found.get('first')).toEqual({ model: ['train'] });
  });

  test('steps and what they read come each after its inputs', () => {
    const chain = Object.fromEntries([...wired(...CHAIN)].map(([name, inputs]) => [name, { inputs }]));
    expect(withInputs(['train'], chain)).toEqual(['download', 'tokenizer', 'chunk', 'train']);
  });
});

describe('what cannot be wired is told before anything runs', () => {
  const rest = ['download', 'tokenizer', 'chunk', 'train'];

  test.each([
    [['download', 'tokenizer', 'train'], /^x\.yaml:train: step train needs rows[^]*the stage chunk[^]*add `chunk:`/],
    [
      [...rest, 'other: train', 'quantize'],
      /^x\.yaml:quantize: step quantize takes one model, and train and other make one[^]*inputs: \{ model: train \}/,
    ],
    [
      [...rest, 'quantize model=nope'],
      /^x\.yaml:quantize\/model: quantize\.inputs\.model: there is no step "nope"[^]*makes a model: train/,
    ],
    [[...rest, 'quantize model=chunk'], /chunk makes rows, not a model/],
    [[...rest, 'quantize model=quantize'], /a step cannot read what it makes itself/],
    [[...rest, 'quantize model=train,train'], /takes one, not 2/],
    [[...rest, 'evaluate models=train,train'], /names train twice/],
    [[...rest, 'evaluate models='], /names no step/],
    [[...rest, 'quantize weights=train'], /stage quantize has no such input[^]*expected: +model/],
    [
      [...rest, 'a1: quantize model=b1', 'b1: quantize model=a1'],
      /^x\.yaml:a1\/inputs: steps read each other in a circle: a1 ← b1 ← a1/,
    ],
    [
      ['download', 'tokenizer', 'chunk', 'train model=quantize', 'quantize model=train'],
      /circle: train ← quantize ← train/,
    ],
    [['quantize'], /needs a model, and no step makes one that it could read[^]*train or import or quantize/],
    [['quantize'], /to do: +add `import:`/],
    [['download', 'tokenizer', 'chunk', 'quantize'], /to do: +add `train:`/],
  ])('%j', (lines, message) => {
    expect(() => wired(...lines)).toThrow(message);
  });

  test('models and rows of different tokenizers in one step', () => {
    const ofTwo = [
      'download',
      'one: tokenizer',
      'two: tokenizer',
      'rows-1: chunk tokenizer=one',
      'rows-2: chunk tokenizer=two',
    ];
    const models = ['model-1: train tokenizer=one rows=rows-1', 'model-2: train tokenizer=two rows=rows-2'];
    const wrong = () => wired(...ofTwo, ...models, 'evaluate tokenizer=one rows=rows-1');
    expect(wrong).toThrow(
      /^x\.yaml:evaluate\/inputs: step evaluate reads what is of different tokenizers: [^]*model-2 is of two[^]*to do/,
    );
    expect(() => wired(...ofTwo, 'train tokenizer=one rows=rows-2')).toThrow(
      /different tokenizers: one, rows-2 is of two/,
    );
    expect(wired(...ofTwo, ...models, 'evaluate tokenizer=two rows=rows-2 models=model-2').size).toBe(8);
  });
});
