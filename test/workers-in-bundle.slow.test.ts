/** @file Worker threads in the bundles that Nx runs: stages over more text than one thread works on. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildCode,
  codePath,
  loadDeclaration,
  loadStage,
  openWorkspace,
  pointerPath,
  readFingerprint,
  runStage,
  type RunRecord,
  type StageOutcome,
} from '@arrowsmith/pipeline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyWorkspace, REPOSITORY, type TestWorkspace } from './support/workspace.ts';

const PIPELINE = 'bundled';
/** 8.8 MB of stories; workers are started from 8 MiB on. */
const PARAMETERS = {
  download: { source: { type: 'embedded', stories: 10_000, validationStories: 10, seed: 1 } },
  tokenizer: { vocabularySize: 400, threads: 2 },
  chunk: { contextLength: 64, threads: 2 },
};
type StageName = keyof typeof PARAMETERS;

let workspace: TestWorkspace;
beforeAll(async () => {
  workspace = copyWorkspace();
  workspace.write(`pipelines/${PIPELINE}.yaml`, JSON.stringify({ steps: PARAMETERS }));
  await buildCode(workspace, Object.keys(PARAMETERS));
});
afterAll(() => workspace.remove());

async function runBundle(stage: StageName): Promise<{ output: string; record: RunRecord }> {
  const env = { NODE_DEBUG: 'worker' };
  const running = workspace.start([codePath(workspace, stage), PIPELINE], env);
  const { code, output } = await running.finished;
  expect(code, output).toBe(0);
  const path = join(pointerPath(openWorkspace(workspace.root, {}), PIPELINE, stage), 'run.json');
  return { output, record: JSON.parse(readFileSync(path, 'utf8')) as RunRecord };
}

/** By stage, what it reads. */
const READS: Readonly<Record<string, Record<string, string[]>>> = {
  tokenizer: { corpus: ['download'] },
  chunk: { corpus: ['download'], tokenizer: ['tokenizer'] },
};

/** The same from the sources, in this thread. */
async function runHere(stage: StageName): Promise<StageOutcome> {
  return runStage({
    workspace: openWorkspace(workspace.root, {}),
    pipeline: PIPELINE,
    step: stage,
    reads: READS[stage] ?? {},
    declaration: await loadDeclaration(REPOSITORY, stage),
    load: () => loadStage(REPOSITORY, stage),
    parameters: { ...PARAMETERS[stage], threads: 1 },
    code: 'another, so that the result is not known', // the stored result is the bundle's
    signal: new AbortController().signal,
    print: () => undefined,
  });
}

test('are started from the bundle and give what one thread gives', { timeout: 300_000 }, async () => {
  await runBundle('download');
  for (const stage of ['tokenizer', 'chunk'] as const) {
    const { output, record } = await runBundle(stage);
    expect(new Set(output.match(/created Worker with ID \d+/g))).toHaveProperty('size', 2); // as Node's own debugging says
    expect(record.code).toBe(await readFingerprint(openWorkspace(workspace.root, {}), stage));
    const here = await runHere(stage);
    expect(here.outcome).toBe('computed');
    expect(here.manifest).toBe(record.manifest);
  }
});
