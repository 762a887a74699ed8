/** @file The parameters of a run, and what Nx's hashes name of them. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { digestVariable, missingMeasurements, parameterDigests, planRun, type PlanOptions } from './plan.ts';
import { declareStage, one, type StageDeclaration } from './stage.ts';

const count = declareStage({
  name: 'count',
  description: 'Counts',
  inputs: {},
  makes: ['corpus'],
  parameters: z.strictObject({
    to: z.int().default(3),
    source: z.string().default('here'),
    hands: z.int().default(1),
  }),
  notInKey: ['hands'],
  cacheable: ({ source }) => source === 'here',
});
const double = declareStage({
  name: 'double',
  description: 'Doubles',
  inputs: { number: one('corpus') },
  makes: ['rows'],
  parameters: z.strictObject({ plus: z.int().default(0), backend: z.string().default('cpu') }),
  environment: ({ backend }) => {
    if (backend === 'none') throw new Error('no such backend here');
    return { backend };
  },
  // Of this machine, where there is much to double.
  measurement: (_, about) =>
    Number(about('number')?.['to']) > 100 ? { script: 'measure.ts', kept: measured } : undefined,
});
/** What was measured, if it was. */
let measured: string | undefined;
const declarations = new Map([count, double].map((stage) => [stage.name, stage as unknown as StageDeclaration]));

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'plan-'));
  mkdirSync(join(root, 'pipelines'));
  writeFileSync(join(root, 'pipelines/toy.yaml'), 'steps: { count: , double: }');
  writeFileSync(join(root, 'pipelines/one.yaml'), 'steps: { count: { to: 1 } }');
});

const CODE = { count: 'c1', double: 'd1' };

const plan = (options: Partial<PlanOptions> = {}) =>
  planRun({ root, declarations, pipelineSet: undefined, ...options });
const digests = (options: Partial<PlanOptions> = {}, { id = 'a', generation = 'g', code = CODE } = {}) =>
  Object.fromEntries(parameterDigests(plan(options), declarations, { id, generation, code }));

/** The stages of `toy` that Nx would run again. */
function changed(
  options: Partial<PlanOptions>,
  run?: { id?: string; generation?: string; code?: typeof CODE },
): string[] {
  const [before, after] = [digests(), digests(options, run)];
  return ['count', 'double'].filter(
    (stage) => before[digestVariable(stage, 'toy')] !== after[digestVariable(stage, 'toy')],
  );
}

test('PIPELINE_SET is for all pipelines, a flag for the one that is run', () => {
  const toy = { project: 'count', pipeline: 'toy' };
  const { pipelines } = plan({ pipelineSet: 'count.hands=2', target: toy, flags: ['--to=5'] });
  expect(pipelines['toy']).toMatchObject({ steps: { count: { parameters: { to: 5, hands: 2 } } } });
  expect(pipelines['one']).toMatchObject({ steps: { count: { parameters: { to: 1, hands: 2 } } } });
});

test('a flag is stronger than PIPELINE_SET; one of a whole pipeline names its step', () => {
  const target = { project: 'pipeline', pipeline: 'toy' };
  const { pipelines } = plan({ pipelineSet: 'count.to=2,double.plus=2', target, flags: ['--count.to=7'] });
  expect(pipelines['toy']).toMatchObject({
    steps: { count: { parameters: { to: 7 } }, double: { parameters: { plus: 2 } } },
  });
});

test('a pipeline that PIPELINE_SET does not fit has its error instead, the others have their parameters', () => {
  const { pipelines } = plan({ pipelineSet: 'double.plus=1' });
  expect(pipelines['one']).toEqual({
    error: expect.stringMatching(/PIPELINE_SET double\.plus=1: the pipeline has no step/),
    names: ['count'],
  });
  expect(pipelines['toy']).toMatchObject({ steps: { double: { parameters: { plus: 1 } } } });
  expect(plan({ pipelineSet: 'double.backend=none' }).pipelines['toy']).toMatchObject({
    error: 'no such backend here',
  });
});

test('a digest changes with the parameters of its stage and of what it reads, and with nothing else', () => {
  expect(changed({})).toEqual([]);
  expect(changed({}, { id: 'b' })).toEqual([]);
  expect(changed({ pipelineSet: 'double.plus=1' })).toEqual(['double']);
  expect(changed({ pipelineSet: 'count.to=4' })).toEqual(['count', 'double']);
  expect(changed({ pipelineSet: 'count.to=3,count.hands=2' })).toEqual([]);
  expect(changed({ pipelineSet: 'double.backend=gpu' })).toEqual(['double']);
});

test('it changes with the code of its stage and of what it reads', () => {
  expect(changed({}, { code: { ...CODE, double: 'd2' } })).toEqual(['double']);
  expect(changed({}, { code: { ...CODE, count: 'c2' } })).toEqual(['count', 'double']);
});

test('it changes with the generation of the store: what was removed there is not there for Nx either', () => {
  expect(changed({}, { generation: 'h' })).toEqual(['count', 'double']);
});

test('what has to be looked at anew has another digest in each run, and so has what is made of it', () => {
  const looks = { pipelineSet: 'count.source=there' };
  const [first, second, again] = [digests(looks), digests(looks, { id: 'b' }), digests(looks)];
  for (const stage of ['count', 'double']) {
    expect(second[digestVariable(stage, 'toy')]).not.toBe(first[digestVariable(stage, 'toy')]);
    expect(again[digestVariable(stage, 'toy')]).toBe(first[digestVariable(stage, 'toy')]);
  }
});

test('an error never has the digest of a run that worked', () => {
  const failed = digests({ pipelineSet: 'count.too=1' });
  for (const digest of Object.values(failed)) expect(digest).toBe('failed a');
});

test('a measurement that a step decides by is told where it is not there yet, and is in the hash where it is', () => {
  const missing = (pipelineSet: string | undefined) => {
    const planned = plan({ pipelineSet }).pipelines['toy']!;
    return 'error' in planned ? planned.error : missingMeasurements(planned.steps, declarations);
  };
  expect(missing(undefined)).toEqual([]);
  expect(missing('count.to=101')).toEqual(['measure.ts']);
  const hash = () => digests({ pipelineSet: 'count.to=101' })[digestVariable('double', 'toy')];
  const before = hash();
  measured = 'fast';
  expect(missing('count.to=101')).toEqual([]);
  const fast = hash();
  measured = 'slow';
  expect(new Set([before, fast, hash()]).size).toBe(3);
  expect(changed({})).toEqual([]); // nor where there is little to double
  measured = undefined;
});

const parametersOf = (project: string, ...flags: string[]) => {
  const planned = plan({ target: { project, pipeline: 'toy' }, flags }).pipelines['toy']!;
  return 'error' in planned ? planned.error : planned.steps;
};

test('flags beside a step are its own parameters, or with the name of a step before it those of that', () => {
  expect(parametersOf('double', '--plus=2', '--count.to=7')).toMatchObject({
    count: { parameters: { to: 7 } },
    double: { parameters: { plus: 2 } },
  });
  expect(parametersOf('double', '--double.plus=2')).toMatchObject({ double: { parameters: { plus: 2 } } });
});

test('what was changed is in the plan, by path', () => {
  const options = {
    pipelineSet: 'double.plus=1,count.to=2',
    target: { project: 'count', pipeline: 'toy' },
    flags: ['--to=4'],
  };
  expect(plan(options).pipelines).toMatchObject({
    toy: { changes: { 'count.to': 4, 'double.plus': 1 } },
    one: { error: expect.stringContaining('no step double') },
  });
  expect(plan().pipelines['toy']).toMatchObject({ changes: {} });
});

test('a parameter of a step that the one to run needs nothing of is refused, as it would have no effect', () => {
  expect(parametersOf('count', '--double.plus=2')).toMatch(
    /--double\.plus=2 has no effect on count:toy[^]*a parameter of count\n[^]*npx arrowsmith run toy --double\.plus=2$/,
  );
});
