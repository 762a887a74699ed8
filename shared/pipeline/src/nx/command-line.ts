/**
 * @file What a command line asks of Nx: which step, pipeline or command to run, and with which flags. They are read as they were typed and
 * reach the processes by the run's plan or the environment: no shell reads them, and what Nx makes of them (types, lists at commas) is not used.
 */
import * as z from 'zod';
import { UserError } from '@arrowsmith/errors';
import { stepNames } from '../pipeline-file.ts';
import type { RunTarget } from '../plan.ts';
import type { JsonObject, StageDeclaration } from '../stage.ts';
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

/** Options of `nx run` (nx run --help, nx 23), in lower case and without hyphens. No parameter of a stage may be called like one. */
export const NX_OPTIONS: ReadonlySet<string> = new Set(
  `all base batch c configuration disablenxcache disableremotecache dte exclude excludetaskdependencies files graph head help maxparallel
  nxbail nxignorecycles outputstyle p parallel prod project projects runner skipnxcache skipremotecache skipsync t target targets tui
  tuiautoexit uncommitted untracked verbose version`.split(/\s+/),
);

/**
 * @param args of the nx command line, e.g. `['run', 'train:tinystories', '--steps=300']`
 * @throws UserError for flags that would have no effect: of several targets at once, of a pipeline without their step, or unknown ones
 */
export function readCommandLine(root: string, args: readonly string[], declarations: Declarations): CommandLine {
  const target = findTarget(root, args, declarations);
  const all = flagsOf(args);
  const flags = all.filter((flag) => !NX_OPTIONS.has(optionName(flag)));
  if (target === undefined) {
    const lost = flags.find((flag) => [...declarations.values()].some((stage) => isParameter(flag, stage)));
    if (lost !== undefined && runsSeveral(args)) throw lostFlag(lost);
    return { isCommand: false, flags: [] };
  }
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
  const words = args.filter((arg) => !arg.startsWith('-')).slice(0, 2);
  const named = words.map((word) => /^([\w-]+):([\w-]+)$/.exec(word)).find((match) => match !== null);
  const [project = '', pipeline = ''] = named ? named.slice(1) : words.toReversed();
  const isCommandOfNx =
    named === undefined && ['run', 'run-many', 'show', 'graph', 'affected', 'reset'].includes(pipeline);
  return pipeline !== '' && !isCommandOfNx && isProject(project, pipeline) ? { project, pipeline } : undefined;
}

/** Flags with their values: `--steps=300`, `--steps 300`, `--flag`. */
function flagsOf(args: readonly string[]): string[] {
  const flags: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const [arg = '', next] = [args[i], args[i + 1]];
    if (!arg.startsWith('--') || arg === '--') continue;
    const isSeparate = !arg.includes('=') && next !== undefined && !next.startsWith('--');
    flags.push(isSeparate ? `${arg}=${args[++i]}` : arg);
  }
  return flags;
}

const firstPart = (flag: string): string => flag.slice(2).split(/[.=]/)[0]!;

const optionName = (flag: string): string =>
  flag.slice(2).split('=')[0]!.replace(/^no-/, '').replaceAll('-', '').toLowerCase();

/** `--train.steps=200`: of a step, or of all steps of a stage. */
const namesStep = (root: string, pipeline: string, flag: string, declarations: Declarations): boolean =>
  /^--[\w-]+\./.test(flag) &&
  (declarations.has(firstPart(flag)) || stepNames(root, pipeline).includes(firstPart(flag)));

const isParameter = (flag: string, declaration: StageDeclaration): boolean =>
  parameterNames(declaration).has(firstPart(flag));

/** The names that the parameters of a stage begin with. */
export function parameterNames({ parameters }: StageDeclaration): ReadonlySet<string> {
  const { properties = {} } = z.toJSONSchema(parameters, { io: 'input', unrepresentable: 'any' }) as {
    properties?: JsonObject;
  };
  return new Set(Object.keys(properties));
}

function refusal(root: string, { pipeline }: RunTarget, flag: string, declarations: Declarations): UserError {
  const steps = stepNames(root, pipeline);
  const command = `npx nx run pipeline:${pipeline}`;
  const meant = [...declarations.values()]
    .filter((declaration) => isParameter(flag, declaration))
    .map(({ name }) => `${command} --${name}.${flag.slice(2)}`);
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
