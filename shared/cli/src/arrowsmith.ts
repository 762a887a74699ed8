/** @file The command `arrowsmith`: says which command of Nx it stands for, and starts it, or, without Nx, what that would start. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nearest, outputColumns, print, printFailure, shellLine, UserError, wrapText } from '@arrowsmith/errors';
import { codeFolder, ensureCode, helpWidth } from '@arrowsmith/pipeline/start';
import { BUILT, COMMANDS, type Command, FROM_SOURCES, overview, type SourceCommand } from './commands.ts';
import { say } from './say.ts';

export interface Started {
  root: string;
  /** The build that this code is of. */
  build: string;
  /** What follows `arrowsmith`. */
  args: readonly string[];
}

/** Runs a command line, and ends the process. */
export async function arrowsmith(started: Started): Promise<void> {
  const { root, args } = started;
  try {
    const { build } = await ensureCode(root);
    if (build === started.build) return await start(started);
    const newer = (await import(pathToFileURL(join(codeFolder({ root }), build, 'arrowsmith.mjs')).href)) as {
      arrowsmith: typeof arrowsmith;
    };
    await newer.arrowsmith({ root, build, args });
  } catch (error) {
    printFailure(error);
    process.exit(1);
  }
}

async function start({ root, build, args }: Started): Promise<void> {
  const [name = 'help', ...rest] = args;
  if (name === 'help' || name === '--help' || name === '-h') return help({ root, build, args: rest });
  if (name === '--version' || name === '-v') return print(versionOf(root));
  const command = COMMANDS.find((each) => each.name === name);
  if (command === undefined) throw await unknownCommand(root, name, rest);
  if (name === 'run') return run({ root, build, args: rest });
  const unbuilt = FROM_SOURCES.find((each) => each.name === name);
  if (unbuilt !== undefined) return startSource(root, rest, unbuilt);
  return startBuilt({ root, build, args: rest }, command);
}

async function help({ root, build, args: [name, ...more] }: Started): Promise<void> {
  const columns = outputColumns();
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') return print(overview(columns));
  if (name === 'run' && more.length === 0) {
    const { pipelineNames } = await import('@arrowsmith/pipeline/request');
    const pipelines = pipelineNames(root);
    return print(
      [
        'npx arrowsmith run <pipeline> [--<stage>.<parameter>=<value> …]',
        'npx arrowsmith run <stage>:<pipeline> [--<parameter>=<value> …]',
        '',
        'Runs what is not up to date, keeps the run in the ledger, and prints a summary.',
        '',
        ...wrapText(`Pipelines: ${pipelines.join(', ')}`, helpWidth(columns)),
        '',
        'All parameters of a stage with their defaults: npx arrowsmith help train',
        '',
        'For example: npx arrowsmith run tinystories --train.steps=200',
      ].join('\n'),
    );
  }
  const command = BUILT.find((each) => each.name === name);
  if (command !== undefined) return startBuilt({ root, build, args: ['--help'] }, command);
  const unbuilt = FROM_SOURCES.find((each) => each.name === name);
  if (unbuilt !== undefined) return startSource(root, ['--help'], unbuilt);
  const { runHelp } = await import('./run.ts');
  await runHelp({ root, build, args: [name === 'run' ? more[0]! : name] });
}

/** The version of the workspace. */
const versionOf = (root: string): string =>
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;

async function run(started: Started): Promise<void> {
  const { runPipeline, targetWord } = await import('./run.ts');
  if (started.args.some((arg) => arg === '--help' || arg === '-h'))
    return help({ ...started, args: [targetWord(started.args)?.text ?? 'run'] });
  await runPipeline(started);
}

/** Loads a command's bundle into this process, which ends with it. */
async function startBuilt({ root, build, args }: Started, command: Command): Promise<void> {
  const { name, flagsOf, bundle = name } = command;
  const flags = withoutWords(name, args, flagsOf);
  const note = flags.includes('--help') ? await noteOn(root, build, name) : undefined;
  process.env['ARROWSMITH_USAGE'] = usageOf(command, note);
  if (!flags.includes('--help')) say(['npx', 'nx', 'run', `pipeline:${name}`, ...flags]);
  const file = join(codeFolder({ root }), build, `${bundle}.mjs`);
  delete process.env['ARROWSMITH_FLAGS']; // those of an Nx around this
  process.argv = [process.execPath, file, ...flags];
  process.setSourceMapsEnabled(true);
  await import(pathToFileURL(file).href);
}

/** What the command's own help says of it as a command of `arrowsmith`. */
const usageOf = ({ words, example }: Command, note?: string): string => JSON.stringify({ words, example, note });

/** Some stages are called like commands, which help on that name is on. */
async function noteOn(root: string, build: string, name: string): Promise<string | undefined> {
  if (!existsSync(join(root, 'stages', name))) return undefined;
  const { stageHelpCommand } = await import('./run.ts');
  return `The stage of this name has parameters of its own: ${await stageHelpCommand({ root, build }, name)}`;
}

/** Flags, with words as the flags that they stand for. @throws UserError where a command takes no words */
function withoutWords(command: string, args: readonly string[], flagsOf: Command['flagsOf']): string[] {
  const flags: string[] = [];
  const words: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const [arg = '', next] = [args[i], args[i + 1]];
    if (arg === '--') {
      words.push(...args.slice(i + 1));
      break;
    }
    if (!arg.startsWith('-')) words.push(arg);
    else if (next !== undefined && !next.startsWith('-') && !arg.includes('=') && flagsOf === undefined)
      flags.push(`${arg}=${args[++i]}`);
    else flags.push(arg);
  }
  if (words.length === 0) return flags;
  if (flagsOf !== undefined) return [...flagsOf(words), ...flags];
  throw new UserError({
    what: `arrowsmith ${command} takes options, and no words`,
    expected: '--<option>=<value>',
    found: words.join(' '),
    fix: `npx arrowsmith ${command} --help`,
  });
}

/** Starts a command from its sources, and ends as it does. */
function startSource(root: string, args: readonly string[], command: SourceCommand): void {
  const { name, source, standsFor, flagsOf } = command;
  const flags = withoutWords(name, args, flagsOf);
  if (!flags.includes('--help')) say(standsFor(flags));
  delete process.env['ARROWSMITH_FLAGS']; // those of an Nx around this
  const env = { ...process.env, ARROWSMITH_USAGE: usageOf(command) };
  const child = spawn(process.execPath, ['--import', 'tsx', source, ...flags], { cwd: root, stdio: 'inherit', env });
  child.on('close', (code) => process.exit(code ?? 1));
  process.on('SIGINT', () => undefined); // the terminal sends it to both
  process.on('SIGTERM', () => child.kill('SIGTERM'));
}

async function unknownCommand(root: string, name: string, rest: readonly string[]): Promise<UserError> {
  const { pipelineNames } = await import('@arrowsmith/pipeline/request');
  const names = COMMANDS.map((each) => each.name);
  const pipelines = pipelineNames(root);
  const isTarget = pipelines.includes(name.split(':').at(-1)!);
  const near = nearest(name, [...names, ...pipelines])[0];
  return new UserError({
    what: `there is no command "${name}"`,
    expected: `one of ${names.join(', ')}`,
    fix: isTarget
      ? `npx arrowsmith ${shellLine(['run', name, ...rest])}`
      : near === undefined
        ? 'npx arrowsmith help'
        : `did you mean npx arrowsmith ${pipelines.includes(near) ? `run ${near}` : shellLine([near, ...rest])}?`,
  });
}
