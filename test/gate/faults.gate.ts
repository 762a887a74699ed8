/**
 * @file The regression gate on the real pipeline, through Nx: faults planted in a copy of the workspace are caught, and other seeds pass.
 * It compares with the committed baseline, as CI does.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Baseline } from '@arrowsmith/regression';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyWorkspace, type TestWorkspace } from '../support/workspace.ts';

const BASELINE = 'pipelines/baselines/ci.json';

let workspace: TestWorkspace;
let baseline: Baseline;
beforeAll(() => {
  workspace = copyWorkspace();
  baseline = JSON.parse(workspace.read(BASELINE)) as Baseline;
});
afterAll(() => workspace.remove());

/** Runs the gate, and gives its exit code, and what it says of each metric that is not ok, by the name that it says. */
function gate(flags: string[] = [], env: Record<string, string> = {}) {
  const { code, output } = workspace.nx(['run', 'pipeline:regression', ...flags], env);
  const failures = [...output.matchAll(/^ {2}- (.+?) is ([a-z ]+): /gm)];
  return { code, output, failures: Object.fromEntries(failures.map(([, label, outcome]) => [label, outcome])) };
}

/** Runs the gate with a fault in a source file, and mends it again. @param after what to do after each edit */
async function gateWith(file: string, from: string, to: string, after?: () => Promise<void>) {
  workspace.edit(file, from, to);
  try {
    await after?.();
    const result = gate();
    expect(result.code, result.output).not.toBe(0);
    expect(result.output).toMatch(/error: regression: \d+ of \d+ metrics are not within the limits/);
    return result;
  } finally {
    workspace.edit(file, to, from);
    await after?.();
  }
}

async function buildNative(): Promise<void> {
  const script = 'shared/backend-native/src/build-command.ts';
  const { code, output } = await workspace.start(['--import', 'tsx', script]).finished;
  expect(code, output).toBe(0);
}

describe('no fault', () => {
  test('the program passes with the pipeline file’s own seed', () => {
    const { code, output } = gate();
    expect(code, output).toBe(0);
  });

  test.each([0, 1, 2, 3, 4])(
    'it passes with a seed that is not of the baseline: %d more than the last of those',
    (more) => {
      const seed = Math.max(...baseline.noise.seeds) + 1 + more;
      const { code, output } = gate([`--seed=${seed}`]);
      expect(code, output).toBe(0);
    },
  );
});

describe('a planted fault', () => {
  test('a learning rate 10 times too low makes losses worse', async () => {
    const { failures, output } = await gateWith(
      'shared/training/src/schedule.ts',
      'const { learningRate: peak } = optimizer;',
      'const peak = optimizer.learningRate / 10;',
    );
    expect(failures).toMatchObject({ 'bits per byte of train (evaluate)': 'worse', 'loss 1 of 4 (train)': 'worse' });
    // The latter where the baseline was made with another instruction set.
    expect(output).toMatch(/first artifact that differs is that of train|artifacts differ from train /);
    expect(output).toMatch(/The code of [^.]*\btrain\b[^.]* has changed since the baseline/);
  });

  test('rotary positions that are all the same make losses worse', async () => {
    const { failures } = await gateWith(
      'shared/ops/src/rope.ts',
      'const angle = position * frequency;',
      'const angle = frequency;',
    );
    expect(failures).toMatchObject({
      'bits per byte of train (evaluate)': 'worse',
      'validation loss (train)': 'worse',
    });
  });

  test('a tokenizer that lacks its last merge is another one', async () => {
    const { failures, output } = await gateWith(
      'shared/bpe/src/trainer.ts',
      'vocabulary, merges };',
      'vocabulary, merges: merges.slice(0, -1) };',
    );
    expect(failures).toMatchObject({ 'merges (tokenizer)': 'changed', 'bytes per token (tokenizer)': 'changed' });
    expect(output).toMatch(/The first artifact that differs is that of tokenizer \(merges\.arrow/);
  });

  test('a mask that lets each position see the next makes losses too good', async () => {
    const { failures, output } = await gateWith(
      'shared/backend-native/native/attention-mask.h',
      'return {begin, position + 1};',
      'return {begin, std::min(position + 2, shape.sKv)};',
      buildNative,
    );
    expect(failures).toMatchObject({
      'bits per byte of train (evaluate)': 'too good',
      'validation loss (train)': 'too good',
    });
    expect(output).toMatch(/look at the causal mask/);
  });
});

describe('what cannot be compared', () => {
  test('a learning rate that is changed in the pipeline is another experiment', () => {
    const { code, output } = gate([], { PIPELINE_SET: 'train.optimizer.learningRate=6e-4' });
    expect(code).not.toBe(0);
    expect(output).toMatch(/another experiment[^]*train\.optimizer\.learningRate: 0\.006 in the baseline, 0\.0006 now/);
  });

  test('a pipeline without a baseline, one that does not exist, a flag that nobody knows, and a value where there is none', () => {
    expect(gate(['--pipeline=smoke']).output).toMatch(/pipeline smoke has no baseline yet/);
    expect(gate(['--pipeline=smoek']).output).toMatch(/there is no pipeline "smoek"/);
    expect(gate(['--junit=gate.xml']).output).toMatch(/--junit takes no value[^]*--junit --output=gate\.xml/);
    expect(gate(['--sed=3']).output).toMatch(/unknown option --sed=3[^]*expected: +--pipeline=… --seed=…/);
  });

  test('half a baseline', () => {
    const path = join(workspace.root, BASELINE);
    const whole = readFileSync(path, 'utf8');
    writeFileSync(path, whole.slice(0, whole.length / 2));
    const { code, output } = gate();
    writeFileSync(path, whole);
    expect(code).not.toBe(0);
    expect(output).toMatch(/the baseline is damaged/);
  });
});

describe('a new baseline', () => {
  const TINY = 'extends: smoke\nsteps:\n  train: { steps: 3 }\n  evaluate: { sampling: [] }\n';

  test('is measured with the seeds that are asked for, and the gate then passes', () => {
    workspace.write('pipelines/tiny.yaml', TINY);
    const { code, output } = workspace.nx(['run', 'pipeline:baseline', '--pipeline=tiny', '--seeds=3']);
    expect(code, output).toBe(0);
    const made = JSON.parse(workspace.read('pipelines/baselines/tiny.json')) as Baseline;
    expect(made.noise.seeds).toEqual([1, 2, 3]);
    expect(gate(['--pipeline=tiny']).code).toBe(0);
  });

  test('that fails leaves the old one as it is', () => {
    const before = workspace.read('pipelines/baselines/tiny.json');
    workspace.write('pipelines/tiny.yaml', TINY.replace('steps: 3', 'steps: 4'));
    rmSync(join(workspace.root, 'stages/quantize/src/stage.ts'));
    const { code, output } = workspace.nx(['run', 'pipeline:baseline', '--pipeline=tiny', '--seeds=2']);
    expect(code).not.toBe(0);
    expect(output).toMatch(/pipeline tiny did not run to its end/);
    expect(workspace.read('pipelines/baselines/tiny.json')).toBe(before);
  });
});
