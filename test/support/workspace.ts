/** @file A copy of this workspace in a temporary folder, to run Nx in and to edit. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export const REPOSITORY = resolve(import.meta.dirname, '../..');

/** `code` is null after a signal. */
export interface Finished {
  code: number | null;
  output: string;
}

/** A process and what it printed so far. */
export interface Running {
  child: ChildProcess;
  output(): string;
  finished: Promise<Finished>;
}

export interface TestWorkspace {
  root: string;
  /** Runs `nx <args>` there and returns its exit code and all that it printed. */
  nx(args: readonly string[], env?: Record<string, string>): Finished;
  /** The same without blocking this process, which may be the server that `nx` talks to. */
  nxAsync(args: readonly string[], env?: Record<string, string>): Promise<Finished>;
  /** Runs the command of a target of the project `pipeline` with `args`, as `nx run pipeline:<name> <args>` does. */
  command(name: string, args?: readonly string[]): Finished;
  /** Starts `node <args>` there, or in another folder, with nothing on its standard input, or a text. */
  start(args: readonly string[], env?: Record<string, string>, place?: { folder?: string; input?: string }): Running;
  read(path: string): string;
  write(path: string, content: string): void;
  /** Replaces text in a file; throws when it is not there, so that a test cannot pass by editing nothing. */
  edit(path: string, from: string, to: string): void;
  remove(): void;
}

/** Environment variables that would reach into the copy from the outer `nx` or the person's shell. */
const FOREIGN = /^(NX_|PIPELINE_SET$|ARROWSMITH_|HF_|STAGE_|CI$|FORCE_COLOR$|VITEST|NODE_OPTIONS$)/;

/** Copies the sources; npm packages are shared with the original by links, the workspace's own packages are the copy's. */
export function copyWorkspace(): TestWorkspace {
  const root = mkdtempSync(join(tmpdir(), 'arrowsmith-'));
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: REPOSITORY,
    encoding: 'utf8',
  });
  for (const file of files.split('\0').filter((name) => name !== '' && existsSync(join(REPOSITORY, name)))) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    cpSync(join(REPOSITORY, file), join(root, file));
  }
  const builds = 'shared/backend-native/build'; // ignored by git; without it, stages would run on a slower backend
  if (existsSync(join(REPOSITORY, builds))) cpSync(join(REPOSITORY, builds), join(root, builds), { recursive: true });
  linkPackages(root);
  return {
    root,
    nx: (args, env = {}) => runNode(root, [NX, ...args], env),
    command: (name, args = []) => runNode(root, [...commandOf(root, name), ...args], {}),
    nxAsync: (args, env = {}) => startNode(root, [NX, ...args], env).finished,
    start: (args, env = {}, { folder = root, input } = {}) => startNode(folder, args, env, input),
    read: (path) => readFileSync(join(root, path), 'utf8'),
    write: (path, content) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    },
    edit: (path, from, to) => {
      const before = readFileSync(join(root, path), 'utf8');
      if (!before.includes(from)) throw new Error(`${path} does not contain ${JSON.stringify(from)}`);
      writeFileSync(join(root, path), before.replace(from, to));
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function linkPackages(root: string): void {
  const original = join(REPOSITORY, 'node_modules');
  mkdirSync(join(root, 'node_modules', '@arrowsmith'), { recursive: true });
  for (const name of readdirSync(original)) {
    if (name !== '@arrowsmith') symlinkSync(join(original, name), join(root, 'node_modules', name));
  }
  for (const folder of ['shared', 'stages']) {
    for (const name of readdirSync(join(root, folder))) {
      const { name: packageName } = JSON.parse(readFileSync(join(root, folder, name, 'package.json'), 'utf8')) as {
        name: string;
      };
      symlinkSync(join(root, folder, name), join(root, 'node_modules', packageName));
    }
  }
}

const NX = 'node_modules/nx/dist/bin/nx.js';

function cleanEnvironment(env: Record<string, string>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  return { ...Object.fromEntries(inherited), NX_DAEMON: 'false', NO_COLOR: '1', ...env };
}

/** What comes after `node` in the command of a target of pipelines/project.json. */
function commandOf(root: string, name: string): string[] {
  const { targets } = JSON.parse(readFileSync(join(root, 'pipelines/project.json'), 'utf8')) as {
    targets: Record<string, { options: { command: string } }>;
  };
  const [program, ...args] = targets[name]!.options.command.split(' ');
  if (program !== 'node') throw new Error(`pipeline:${name} does not run node`);
  return args;
}

function runNode(root: string, args: readonly string[], env: Record<string, string>): Finished {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: cleanEnvironment(env),
    maxBuffer: 1 << 28,
  });
  return { code: status, output: stdout + stderr };
}

function startNode(root: string, args: readonly string[], env: Record<string, string>, input?: string): Running {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: cleanEnvironment(env),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined).end(input); // who ends may not have read it
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const finished = once(child, 'close').then(([code]) => ({ code: code as number | null, output }));
  return { child, output: () => output, finished };
}
