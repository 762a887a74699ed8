/** @file Benchmark: how fast the commands on runs are, with many runs in the ledger. Each command is a process of its own, started as Nx starts it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import {
  addRuns,
  appendRun,
  codePath,
  findRoot,
  ledgerFolder,
  loadDeclarations,
  loadPipeline,
  openWorkspace,
  newRunId,
  type Run,
  type StepRun,
  type Workspace,
} from '@arrowsmith/pipeline';
import * as z from 'zod';
import { parseOptions } from './options.ts';
import { median, printTable } from './statistics.ts';

export const description =
  'listing, filtering and sorting the runs ledger, and comparing two of it: --runs=N --repeat=N';

export const options = z.strictObject({
  runs: z.coerce.number().int().min(1).default(10_000),
  repeat: z.coerce.number().int().min(1).default(5),
});

/** Files of one run, the most that there are before they are packed. */
const SINGLE = 9;

/** Runs of a packed file. */
const PACKED = 500;

/** A generated text, as long as samples are. */
const SAMPLE = 'Once upon a time, there was a little girl who liked to play outside. '.repeat(10);

/** What is measured: a command with its flags. */
const COMMANDS: Record<string, [command: string, ...flags: string[]]> = {
  list: ['runs'],
  filter: ['runs', '--where=metrics.bitsPerByte < 0.5 and train.steps >= 100'],
  sort: ['runs', '--sort=metrics.bitsPerByte'],
  json: ['runs', '--json', '--limit=100'],
  compare: ['compare'],
};

/** Appends runs with the parameters of the pipeline tinystories, and lists them. */
export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { runs, repeat } = parseOptions(args, options);
  const root = findRoot(process.cwd());
  const codeOf = (command: string): string => resolve(codePath({ root }, command));
  if (statSync(codeOf('runs'), { throwIfNoEntry: false }) === undefined) {
    throw new UserError({
      what: 'the commands are not built',
      where: codeOf('runs'),
      fix: 'npx nx run pipeline:build',
    });
  }
  const workspace = openWorkspace(mkdtempSync(join(tmpdir(), 'bench-ledger-')), {});
  try {
    writeFileSync(join(workspace.root, 'nx.json'), '{}');
    await fill(workspace, await exampleRun(root), runs);
    const files = readdirSync(ledgerFolder(workspace)).map(
      (file) => statSync(join(ledgerFolder(workspace), file)).size,
    );
    const bytes = files.reduce((sum, size) => sum + size, 0);
    console.log(`${runs} runs: ${files.length} files, ${(bytes / 1e6).toFixed(1)} MB\n`);
    const seconds = Object.entries(COMMANDS).map(([name, [command, ...flags]]) => {
      const times = Array.from({ length: repeat }, () => time(workspace, [codeOf(command), ...flags]));
      return [name, median(times)] as const;
    });
    printTable(
      ['command', 'seconds'],
      seconds.map(([name, value]) => [name, value.toFixed(3)]),
    );
    return {
      ours: seconds[0]![1],
      peer: null,
      ratio: null,
      unit: 's',
      runs,
      bytes,
      ...Object.fromEntries(seconds),
    };
  } finally {
    rmSync(workspace.root, { recursive: true });
  }
}

function time({ root }: Workspace, args: string[]): number {
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--enable-source-maps', ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return (performance.now() - begin) / 1000;
}

async function exampleRun(root: string): Promise<Omit<Run, 'id' | 'revision' | 'finishedAt'>> {
  const declarations = await loadDeclarations(root);
  const { steps } = loadPipeline(root, 'tinystories', declarations);
  const digest = 'a'.repeat(64);
  const host = { platform: 'linux', arch: 'x64', cpu: 'Some Processor 9000', node: 'v20.20.0' };
  const records = Object.entries(steps).map(([step, { stage, parameters }]): [string, StepRun] => [
    step,
    {
      step,
      stage,
      makes: declarations.get(stage)!.makes,
      parameters,
      cached: false,
      key: digest,
      manifest: digest,
      code: digest,
      startedAt: '2026-01-31T09:00:00.000Z',
      seconds: 10,
      bytes: 1e6,
      environment: { backend: 'native', instructionSet: 'avx512' },
      inputs: { before: digest },
      metadata: { documents: 200, evaluatedText: digest },
      highlights:
        stage === 'evaluate' ? { 'a sample': SAMPLE, 'another sample': SAMPLE } : { speed: '30,597 tokens/s' },
      host,
      metrics: { loss: 1.5, perplexity: 4.48, seconds: 3, tokens: 1e6 },
    },
  ]);
  const machine = { host: 'desk', platform: 'linux x64', cpu: host.cpu, cores: 8, memoryBytes: 16e9, node: host.node };
  return {
    pipeline: 'tinystories',
    seconds: 150,
    dirty: false,
    backend: 'native',
    machine,
    steps: Object.fromEntries(records),
  };
}

/** As the ledger is after many appended runs: packed in files of some hundred, with some files of one run. */
async function fill(
  workspace: Workspace,
  example: Awaited<ReturnType<typeof exampleRun>>,
  runs: number,
): Promise<void> {
  const all = Array.from({ length: Math.max(0, runs - SINGLE) }, (_, i): Run => {
    const evaluate = { ...example.steps['evaluate']!, metrics: { bitsPerByte: (i * 0.618) % 1 } };
    const finishedAt = new Date(Date.UTC(2026, 0, 1) + 60_000 * i);
    return {
      ...example,
      steps: { ...example.steps, evaluate },
      id: newRunId(finishedAt),
      revision: 0,
      finishedAt: finishedAt.toISOString(),
    };
  });
  for (let from = 0; from < all.length; from += PACKED) await addRuns(workspace, all.slice(from, from + PACKED));
  for (let i = 0; i < Math.min(SINGLE, runs); i++) await appendRun(workspace, example);
}
