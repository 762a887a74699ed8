/** @file `arrowsmith run`: a pipeline or a step through Nx, with the output of the steps alone. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createRequire } from 'node:module';
import { nearest, outputColumns, print, printError, shellLine, UserError } from '@arrowsmith/errors';
import {
  helpOn,
  needsPipelines,
  pipelineNames,
  planPipeline,
  readCommandLine,
  type RunTarget,
  splitArguments,
  stageHelp,
  stepOf,
  type StageDeclaration,
} from '@arrowsmith/pipeline/request';
import { codeFolder } from '@arrowsmith/pipeline/start';
import type { Started } from './arrowsmith.ts';
import { COMMANDS } from './commands.ts';
import { withoutChrome } from './nx-output.ts';
import { say } from './say.ts';
import { parseTarget } from './target.ts';

type Declarations = ReadonlyMap<string, StageDeclaration>;

/** What a stage says when it is stopped (shared/pipeline, cli/main.ts); here it is said once, at the end. */
const STOPPED = 'stopped; run the same command again to go on from the last checkpoint or finished step';

/** @throws UserError for a pipeline, a step or a parameter that does not exist, and for a value that is wrong */
export async function runPipeline({ root, build, args }: Started): Promise<void> {
  const named = targetWord(args);
  const declarations = await loadDeclarations(root, build);
  if (named === undefined) throw noTarget(root);
  const { project, pipeline } = parseTarget(root, named.text, [...declarations.keys()]);
  const command = ['run', `${project}:${pipeline}`, ...args.toSpliced(named.at, 1)];
  if (endsPipelines(root, { project, pipeline })) {
    say(['npx', 'nx', ...command]);
    return startNx(root, command);
  }
  const { flags } = readCommandLine(root, command, declarations);
  const target = { project, pipeline };
  planPipeline({ root, declarations, pipelineSet: process.env['PIPELINE_SET'], target, flags }, pipeline);
  say(['npx', 'nx', ...command]);
  await startNx(root, command);
}

/** The word that says what is run, the first that is not written like a parameter, and where it stands. */
export const targetWord = (args: readonly string[]): { text: string; at: number } | undefined =>
  splitArguments(args).words.find(({ text }) => !/=|^-/.test(text));

/** Prints what the parameters of a step or a pipeline are. @throws UserError where there is none of that name */
export async function runHelp({ root, build, args: [word = ''] }: Started): Promise<void> {
  const declarations = await loadDeclarations(root, build);
  const stages = [...declarations.keys()];
  const pipelines = pipelineNames(root);
  const isKnown = pipelines.includes(word) || stages.includes(word) || needsPipelines(root, word);
  if (!word.includes(':') && !isKnown) throw nothingToHelp(word, stages, pipelines);
  const style = { words: 'arrowsmith', columns: outputColumns() } as const;
  if (declarations.has(word)) return print(stageHelp(root, word, declarations, style));
  const target = parseTarget(root, word, stages);
  if (endsPipelines(root, target)) return startNx(root, ['run', `pipeline:${target.pipeline}`, '--help']);
  print(helpOn(root, target, declarations, style));
}

/** What shows the help of a stage that has the name of a command. */
export async function stageHelpCommand({ root, build }: Omit<Started, 'args'>, stage: string): Promise<string> {
  const { project, pipeline } = stepOf(root, stage, await loadDeclarations(root, build)) ?? {
    project: stage,
    pipeline: 'tinystories',
  };
  return `npx arrowsmith help ${project}:${pipeline}`;
}

async function loadDeclarations(root: string, build: string): Promise<Declarations> {
  const url = pathToFileURL(join(codeFolder({ root }), build, 'declarations.mjs')).href;
  return ((await import(url)) as { declarations: Declarations }).declarations;
}

/** A command that comes after pipelines, and is run as they are: `families`. */
const endsPipelines = (root: string, { project, pipeline }: RunTarget): boolean =>
  project === 'pipeline' && needsPipelines(root, pipeline);

/** Starts Nx, shows what its tasks print, and ends as it does. */
async function startNx(root: string, command: readonly string[]): Promise<never> {
  const child = spawn(process.execPath, [nxOf(root), ...command], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NX_TUI: 'false',
      NX_SKIP_LOG_GROUPING: 'true', // around the output of tasks on GitHub
      ARROWSMITH_TERMINAL: String(outputColumns() ?? ''),
    },
  });
  let stopped: 'SIGINT' | 'SIGTERM' | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const again = stopped !== undefined;
      stopped ??= signal;
      // On Ctrl-C the terminal sends it to all; what was sent to this process alone is handed on, once.
      if (!again && !(signal === 'SIGINT' && process.stdin.isTTY)) child.kill(signal);
    });
  }
  const isLastWord = (line: string): boolean => line === STOPPED;
  const output = withoutChrome((text) => process.stdout.write(text), isLastWord);
  const errors = withoutChrome((text) => process.stderr.write(text), isLastWord);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') child.kill('SIGTERM'); // who reads this has seen enough
  });
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => output.push(chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => errors.push(chunk));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.on('close', (...ended) => resolve(ended)),
  );
  output.end();
  errors.end();
  if (output.isWithinLine()) process.stdout.write('\r\u001b[K');
  if (stopped !== undefined || signal !== null) {
    printError(STOPPED);
    process.exit(128 + constants.signals[stopped ?? signal!]);
  }
  const began = /^> nx run /m.test(output.dropped());
  if (code !== 0 && !began) printError([output.dropped(), errors.dropped()].filter((text) => text !== '').join('\n'));
  process.exit(code === 130 ? 1 : (code ?? 1)); // Nx says 130 of tasks that did not start because one before them failed
}

/** The program that `npx nx` starts. @throws UserError where it is not installed */
function nxOf(root: string): string {
  try {
    const path = createRequire(join(root, 'package.json')).resolve('nx/package.json');
    const { bin } = JSON.parse(readFileSync(path, 'utf8')) as { bin: Record<string, string> };
    return join(dirname(path), bin['nx']!);
  } catch (cause) {
    throw new UserError({ what: 'Nx is not installed', where: join(root, 'node_modules'), fix: 'npm ci' }, { cause });
  }
}

const noTarget = (root: string): UserError =>
  new UserError({
    what: 'nothing is said to be run',
    expected: `a pipeline: ${pipelineNames(root).join(', ')}; or a step of one: train:tinystories`,
    fix: `${shellLine(['npx', 'arrowsmith', 'run', 'tinystories'])}`,
  });

function nothingToHelp(word: string, stages: readonly string[], pipelines: readonly string[]): UserError {
  const commands = COMMANDS.map(({ name }) => name);
  const [near] = nearest(word, [...commands, ...stages, ...pipelines]);
  return new UserError({
    what: `there is no command, stage or pipeline "${word}"`,
    expected: `a command: ${commands.join(', ')}\na stage: ${stages.join(', ')}\na pipeline: ${pipelines.join(', ')}\nor a step of one: train:tinystories`,
    found: word,
    fix: near === undefined ? 'npx arrowsmith help lists commands' : `did you mean npx arrowsmith help ${near}?`,
  });
}
