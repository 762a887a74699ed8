/** @file The help on stages, steps and pipelines of this workspace: its examples are what the pipelines take, and its defaults what they have. */
import { mkdtempSync, rmSync, writeFileSync, cpSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadDeclarations, loadPipeline, pipelineNames } from '@arrowsmith/pipeline';
import { helpOn, planPipeline, readCommandLine, stageHelp } from '@arrowsmith/pipeline/request';

const root = join(import.meta.dirname, '..');
const declarations = await loadDeclarations(root);
const NX = { words: 'nx' } as const;
const ARROWSMITH = { words: 'arrowsmith' } as const;

/** Plans what the example of a page runs. @throws UserError where that is refused */
function planExample(page: string): void {
  const [, command = ''] = /^For example: +npx nx (.*)$/m.exec(page) ?? [];
  expect(command, page).not.toBe('');
  const { target, flags } = readCommandLine(root, command.split(' '), declarations);
  expect(target, command).toBeDefined();
  const { steps } = planPipeline({ root, declarations, pipelineSet: undefined, target, flags }, target!.pipeline);
  const { project } = target!;
  const isThere =
    project === 'pipeline' || Object.entries(steps).some(([name, { stage }]) => [name, stage].includes(project));
  expect(isThere, command).toBe(true);
}

const pipelines = pipelineNames(root).map((name) => loadPipeline(root, name, declarations));

test('the example of every pipeline is a command that it takes', () => {
  for (const { name } of pipelines)
    expect(() => planExample(helpOn(root, { project: 'pipeline', pipeline: name }, declarations, NX))).not.toThrow();
});

/** Those in which all stages are that any pipeline has, in all ways in which one can be there. */
const VARIED = ['tinystories', 'adapted', 'matformer', 'pretrained'];

test.each(pipelines.filter(({ name }) => VARIED.includes(name)))(
  'the examples of the steps of $name are commands that it takes',
  ({ name, steps }) => {
    for (const project of new Set(Object.entries(steps).flatMap(([step, { stage }]) => [step, stage])))
      expect(() => planExample(helpOn(root, { project, pipeline: name }, declarations, NX))).not.toThrow();
  },
);

test('the example of a stage is of a pipeline that has it; where none has, the help says how one would', () => {
  for (const stage of declarations.keys()) {
    const page = stageHelp(root, stage, declarations, NX);
    if (stage !== 'import-adapter') planExample(page);
    expect(helpOn(root, { project: stage, pipeline: 'smoke' }, declarations, NX)).toMatch(
      /^(For example: |  steps:$)/m,
    );
  }
  const page = stageHelp(root, 'import-adapter', declarations, NX);
  const [, steps = ''] = /^( {2}steps:\n[^]*)$/m.exec(page)!;
  const folder = mkdtempSync(join(tmpdir(), 'help-'));
  try {
    cpSync(join(root, 'pipelines'), join(folder, 'pipelines'), { recursive: true });
    const written = steps.replace('<step that makes model>', 'train').replace('<string>', 'some/folder');
    writeFileSync(
      join(folder, 'pipelines/with-adapter.yaml'),
      `extends: smoke\n${written.replaceAll(/^ {2}/gm, '')}\n`,
    );
    expect(loadPipeline(folder, 'with-adapter', declarations).steps['import-adapter']).toMatchObject({
      parameters: { path: 'some/folder' },
      inputs: { model: ['train'] },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the help on a step says what its pipeline says as the default', () => {
  const page = helpOn(root, { project: 'train', pipeline: 'tinystories' }, declarations, ARROWSMITH);
  const { parameters } = pipelines.find(({ name }) => name === 'tinystories')!.steps['train']!;
  expect(page).toContain(`--steps=<integer>  (default ${String(parameters['steps'])})`);
  expect(page).toContain(`--batchSize=<integer>  (default ${String(parameters['batchSize'])})`);
  expect(page).toMatch(
    /^For example: npx arrowsmith run train:tinystories --steps=200\nStands for: {2}npx nx run train:tinystories$/m,
  );
  expect(stageHelp(root, 'train', declarations, ARROWSMITH)).toMatch(/--steps=<integer> {2}\(required\)/);
});

test('what is asked of a part that need not be there is not required', () => {
  const page = stageHelp(root, 'quantize', declarations, ARROWSMITH);
  expect(page).toMatch(/--compare\.formats=<JSON>$/m);
  expect(page).not.toContain('(required)');
});

test('lines fit a terminal of 80 columns', () => {
  const style = { ...ARROWSMITH, columns: 80 };
  const pages = [...declarations.keys()].map((stage) => stageHelp(root, stage, declarations, style));
  for (const project of ['pipeline', 'download', 'train', 'evaluate'])
    pages.push(helpOn(root, { project, pipeline: 'tinystories' }, declarations, style));
  const lines = pages.flatMap((page) => page.split('\n')).filter((line) => !/npx |\S{60}/.test(line)); // commands are one line
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});
