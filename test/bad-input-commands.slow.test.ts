/** @file Bad input on the command line and in pipeline files, through Nx: one clear error each, exit code ≠ 0, nothing half-written. */
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyWorkspace, type TestWorkspace } from './support/workspace.ts';

const PIPELINE = `
steps:
  download:
    source: { type: embedded, stories: 10, validationStories: 2 }
  tokenizer: { vocabularySize: 280 }
  chunk: { contextLength: 32 }
  train:
    steps: 2
    model: { hiddenSize: 16, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 16 }
  quantize:
  evaluate:
`;

const STACK = /^ +at .*:\d+:\d+/m;

/** What `pipeline:build` makes, which runs a stage without Nx. */
const DOWNLOAD = '.work/code/download.mjs';

let workspace: TestWorkspace;
beforeAll(() => {
  workspace = copyWorkspace();
  workspace.write('pipelines/tiny.yaml', PIPELINE);
});
afterAll(() => workspace.remove());

/** Runs Nx, which must fail with all of `parts` and without a stack trace. */
function expectFailure(args: string[], env: Record<string, string>, ...parts: RegExp[]): void {
  const { code, output } = workspace.nx(['run', ...args], env);
  expect(code, output).not.toBe(0);
  for (const part of parts) expect(output).toMatch(part);
  expect(output).not.toMatch(STACK);
  expect(existsSync(join(workspace.root, 'artifacts/tiny'))).toBe(false);
}

test('an unknown pipeline, with those that there are', () => {
  expectFailure(['pipeline:tinny'], {}, /there is no pipeline "tinny"/, /expected: +one of .*tiny/);
});

test('an unknown step, with those that there are', () => {
  expectFailure(['trian:tiny'], {}, /pipeline tiny has no step "trian"/, /expected: +one of download, .*train/);
});

test('a parameter given to a whole pipeline, with what would work, before anything runs', () => {
  expectFailure(
    ['pipeline:tiny', '--steps=300'],
    {},
    /--steps=300 is a parameter of a step, which has to be named/,
    /npx nx run pipeline:tiny --train\.steps=300/,
  );
});

test('a flag that nobody knows, given to a whole pipeline, before anything runs', () => {
  expectFailure(['pipeline:tiny', '--stpes=300'], {}, /--stpes=300 is no parameter of any stage/);
});

test('what a person types reaches no shell', () => {
  for (const flag of ['--source.type=$(touch here)', '--sorce=`touch here`', '--command=touch here', '--cwd=$HOME'])
    expectFailure(['download:tiny', flag], {}, /download\./);
  expectFailure(['pipeline:runs', '--where=$(touch here)'], {}, /\$\(touch here\)/);
  expect(existsSync(join(workspace.root, 'here'))).toBe(false);
  const { code } = workspace.nx(['run', 'pipeline:runs', '--command=touch here']);
  expect(code).not.toBe(0);
  expect(existsSync(join(workspace.root, 'here'))).toBe(false);
});

test('the help of a stage and of a pipeline lists parameters with their defaults, and computes nothing', () => {
  const stage = workspace.nx(['run', 'train:tiny', '--help']);
  expect(stage).toMatchObject({ code: 0 });
  expect(stage.output).toMatch(/--batchSize=<integer> +\(default 16\)\n +Rows, of one context each/);
  expect(stage.output).toMatch(/--optimizer\.learningRate=<number>/);
  expect(workspace.nx(['run', 'pipeline:tiny', '--help']).output).toMatch(/nx run pipeline:tiny --train\.steps=200/);
  expect(existsSync(join(workspace.root, 'artifacts/tiny'))).toBe(false);
});

test('an unknown parameter of a stage, with those that there are', () => {
  expectFailure(
    ['download:tiny', '--sorce=x'],
    {},
    /--sorce=x: unknown parameter "download\.sorce" \(known here: source, filter, removeLeaks, removeDuplicates\)/,
  );
});

test('an unknown parameter in PIPELINE_SET', () => {
  expectFailure(
    ['pipeline:tiny'],
    { PIPELINE_SET: 'train.stpes=3' },
    /PIPELINE_SET train\.stpes=3: unknown parameter "train\.stpes"/,
  );
});

test('an unknown backend, with those that there are', () => {
  expectFailure(['pipeline:tiny'], { ARROWSMITH_BACKEND: 'gpu' }, /unknown backend "gpu"/, /wasm/);
});

test('a broken pipeline file fails by line, and leaves the others alone', () => {
  workspace.write('pipelines/broken.yaml', 'steps:\n  download: { source\n');
  workspace.write(
    'pipelines/wrong.yaml',
    'extends: tiny\nsteps:\n  train:\n    steps: many\n    backend: gpu\n    stpes: 3\n  publish:\n',
  );
  expectFailure(['pipeline:broken'], {}, /pipelines\/broken\.yaml:\d: not valid YAML/);
  expectFailure(
    ['train:wrong'],
    {},
    /pipelines\/wrong\.yaml:4: train\.steps: /,
    /pipelines\/wrong\.yaml:5: train\.backend: .*"wasm"/,
    /pipelines\/wrong\.yaml:6: unknown parameter "train\.stpes" \(known here: steps, /,
    /pipelines\/wrong\.yaml:7: unknown stage "publish"/,
  );
  const { code, output } = workspace.nx(['run', 'download:tiny']);
  expect(code, output).toBe(0);
});

/** Root may write anywhere, so that the stage must run as somebody else; others make the folder read-only for themselves. */
test.skipIf(process.platform === 'win32')('an artifacts folder that may not be written to', () => {
  workspace.nx(['run', 'pipeline:build']);
  const store = join(workspace.root, 'read-only');
  mkdirSync(store);
  const asRoot = process.getuid!() === 0;
  if (asRoot) {
    chmodSync(workspace.root, 0o755);
    chownSync(store, 0, 0);
  }
  chmodSync(store, 0o555);
  const { status, stderr } = spawnSync(process.execPath, [DOWNLOAD, 'tiny'], {
    cwd: workspace.root,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      ARROWSMITH_STORE: store,
    },
    ...(asRoot ? { uid: 65534, gid: 65534 } : {}),
  });
  expect(status, stderr).toBe(1);
  expect(stderr).toMatch(
    /permission denied[^]*where: +.*read-only[^]*to do: +change its permissions[^]*ARROWSMITH_STORE/,
  );
  expect(readdirSync(store)).toEqual([]);
});

/** A limit on the size of files stops a write in its middle, as a full disk does, and needs no disk to be filled. */
test.skipIf(process.platform === 'win32')('a write that the system breaks off in the middle', () => {
  const store = join(workspace.root, 'limited');
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', 'ulimit -f 8; exec "$0" "$@"', process.execPath, DOWNLOAD, 'tiny'],
    {
      cwd: workspace.root,
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        ARROWSMITH_STORE: store,
        PIPELINE_SET: 'download.source.stories=300',
      },
    },
  );
  expect(status, stderr).toBe(1);
  expect(stderr).toMatch(/would become larger than is allowed[^]*where: +.*limited[^]*to do: +\S/);
  expect(stderr).not.toMatch(STACK);
  const left = readdirSync(store).filter((folder) => folder !== 'events'); // which tell of the failure
  expect(left.flatMap((folder) => readdirSync(join(store, folder)))).toEqual([]);
  expect(existsSync(join(workspace.root, 'artifacts/tiny/limited'))).toBe(false);
});
