/**
 * @file What a command line asks of Nx: which step, pipeline or command to run, and with which flags. They are read as they were typed and
 * reach the processes by the run's plan or the environment: no shell reads them, and what Nx makes of them (types, lists at commas) is not used.
 */
import { UserError } from '@arrowsmith/errors';
import { stepNames } from '../pipeline-file.ts';
import { pipelineNames } from '../pipeline-source.ts';
import { parameterNames } from '../parameter-names.ts';
import type { RunTarget } from '../plan.ts';
import type { StageDeclaration } from '../stage.ts';
import { NX_OPTIONS, optionName, splitArguments } from './arguments.ts';
import { ownTargets } from './unknown-target.ts';

type Declarations = ReadonlyMap<string, StageDeclaration>;

/** Options of Nx's executor `nx:run-commands`, which would replace what a target does. No command here has a flag of such a name. */
const EXECUTOR_OPTIONS: ReadonlySet<string> = new Set(
  `args color command commands cwd env envFile forwardAllArgs readyWhen streamOutput tty usePty`.split(' '),
);

export interface CommandLine {
  /** A step of a pipeline (or all of a stage), a pipeline as a whole, or another target of the project `pipeline` (`command`); else nothing of ours, or many. */
  target?: RunTarget | undefined;
  /** Whether the target is one of the commands beside the pipelines: gc, runs … */
  isCommand: boolean;
  /** What is not Nx's: parameters of a step or a pipeline, or a command's own flags. */
  flags: string[];
}

/**
 * @param args of the nx command line, e.g. `['run', 'train:tinystories', '--steps=300']`
 * @throws UserError for words and flags that would have no effect: of several targets at once, of a pipeline without their step, or unknown ones
 */
export function readCommandLine(root: string, args: readonly string[], declarations: Declarations): CommandLine {
  const target = findTarget(root, args, declarations);
  const { flags: all } = splitArguments(args);
  const flags = all.filter((flag) => !NX_OPTIONS.has(optionName(flag)));
  if (target === undefined) {
    const lost = flags.find((flag) => [...declarations.values()].some((stage) => isParameter(flag, stage)));
    if (lost !== undefined && runsSeveral(args)) throw lostFlag(lost);
    return { isCommand: false, flags: [] };
  }
  const words = wordsBeside(args, target);
  if (words.length > 0) throw lostWords(root, target, words, declarations);
  const isCommand = target.project === 'pipeline' && ownTargets(root).includes(target.pipeline);
  const foreign = isCommand && flags.find((flag) => EXECUTOR_OPTIONS.has(firstPart(flag)));
  if (foreign) {
    throw new UserError({
      what: `${foreign} is no flag of pipeline:${target.pipeline}`,
      fix: `npx nx show project pipeline says what each command takes`,
    });
  }
  if (target.project === 'pipeline' && !isCommand)
    for (const flag of flags)
      if (!namesStep(root, target.pipeline, flag, declarations)) throw refusal(root, target, flag, declarations);
  return { target, isCommand, flags: isCommand ? [...flags, ...all.filter((flag) => flag === COMMANDS_TOO)] : flags };
}

/** Nx has it for `nx affected` and takes it everywhere; where one command is run, it is that of `pipeline:runs`. */
const COMMANDS_TOO = '--all';

const runsSeveral = ([command]: readonly string[]): boolean => command === 'run-many' || command === 'affected';

/** `run train:tinystories`, `train:tinystories`, or `tinystories train`. */
export function findTarget(root: string, args: readonly string[], declarations: Declarations): RunTarget | undefined {
  const isProject = (name: string, target: string): boolean =>
    name === 'pipeline' || declarations.has(name) || stepNames(root, target).includes(name);
  const words = splitArguments(args)
    .words.slice(0, 2)
    .map(({ text }) => text);
  const named = words.map((word) => /^([\w-]+):([\w-]+)$/.exec(word)).find((match) => match !== null);
  const [project = '', pipeline = ''] = named ? named.slice(1) : words.toReversed();
  const isCommandOfNx =
    named === undefined && ['run', 'run-many', 'show', 'graph', 'affected', 'reset'].includes(pipeline);
  return pipeline !== '' && !isCommandOfNx && isProject(project, pipeline) ? { project, pipeline } : undefined;
}

/** What stands there beside the words that name the target, of which a command of Nx may be the first. */
function wordsBeside(args: readonly string[], { project, pipeline }: RunTarget): string[] {
  const words = splitArguments(args).words.map(({ text }) => text);
  const named = words.slice(0, 2).indexOf(`${project}:${pipeline}`);
  return words.slice(named < 0 ? 2 : named + 1);
}

const firstPart = (flag: string): string => flag.slice(2).split(/[.=]/)[0]!;

/** `--train.steps=200`: of a step, or of all steps of a stage. */
const namesStep = (root: string, pipeline: string, flag: string, declarations: Declarations): boolean =>
  /^--[\w-]+\./.test(flag) &&
  (declarations.has(firstPart(flag)) || stepNames(root, pipeline).includes(firstPart(flag)));

const isParameter = (flag: string, declaration: StageDeclaration): boolean =>
  parameterNames(declaration).has(firstPart(flag));

/** A word after the target: Nx would pass over it, and run something else than what was meant. */
function lostWords(root: string, target: RunTarget, words: readonly string[], declarations: Declarations): UserError {
  const { project, pipeline } = target;
  const [word = '', next] = words;
  const isPipeline = project === 'pipeline' && pipelineNames(root).includes(word);
  const isCommand = project === 'pipeline' && ownTargets(root).includes(pipeline);
  const flag = isCommand ? '--<option>' : project === 'pipeline' ? '--<step>.<parameter>' : '--<parameter>';
  const meant = isPipeline ? [] : flagsMeant(root, target, word, next, declarations);
  return new UserError({
    what: `"${word}" is no flag`,
    where: `nx run ${project}:${pipeline}`,
    expected: `after ${pipeline}, flags alone: ${flag}=<value>`,
    found: words.join(' '),
    fix: isPipeline
      ? `run one after the other: npx arrowsmith run ${pipeline}, then npx arrowsmith run ${word}`
      : meant.length > 0
        ? `did you mean ${meant.join(', or ')}?`
        : 'leave it out; or, where it is a value, write it behind its flag and =',
  });
}

/** Flags that may have been meant by `train.steps=5`, `-train.steps=5`, `train.steps 5`, or `steps=5`. */
function flagsMeant(
  root: string,
  { project, pipeline }: RunTarget,
  word: string,
  next: string | undefined,
  declarations: Declarations,
): string[] {
  const [, name, assigned] = /^[-\u2013\u2014]*([\w-]+(?:\.[\w-]+)*)(=[^]*)?$/.exec(word) ?? [];
  if (name === undefined || (assigned === undefined && (next === undefined || !name.includes('.')))) return [];
  const flag = `--${name}${assigned ?? `=${next}`}`;
  if (project !== 'pipeline' || name.includes('.') || ownTargets(root).includes(pipeline)) return [flag];
  return flagsOfSteps(flag, declarations);
}

/** A parameter's flag without its step, as flags of the stages that have such a parameter. */
const flagsOfSteps = (flag: string, declarations: Declarations): string[] =>
  [...declarations.values()]
    .filter((declaration) => isParameter(flag, declaration))
    .map(({ name }) => `--${name}.${flag.slice(2)}`);

function refusal(root: string, { pipeline }: RunTarget, flag: string, declarations: Declarations): UserError {
  const steps = stepNames(root, pipeline);
  const command = `npx nx run pipeline:${pipeline}`;
  const meant = flagsOfSteps(flag, declarations).map((each) => `${command} ${each}`);
  return new UserError({
    what: `${flag} is ${meant.length === 0 ? 'no parameter of any stage' : 'a parameter of a step, which has to be named'}`,
    where: `nx run pipeline:${pipeline}`,
    expected: `--<step>.<parameter>=<value>, with a step of ${(steps.length > 0 ? steps : [...declarations.keys()]).join(', ')}`,
    fix: meant.length === 0 ? `check the spelling; for example ${command} --train.steps=200` : meant.join(', or '),
  });
}

function lostFlag(flag: string): UserError {
  return new UserError({
    what: `${flag} would be lost: flags are parameters where one step or one pipeline is run by its name`,
    expected: 'PIPELINE_SET=<step>.<parameter>=<value> for several targets at once',
    fix: 'set PIPELINE_SET, or run them one by one: npx nx run <step>:<pipeline> --<parameter>=<value>',
  });
}
