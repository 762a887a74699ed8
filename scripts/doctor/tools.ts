/** @file Checks of the programs that the project uses: Node, npm, git, a C++ compiler, Python. */
import { type Finding, finding } from './finding.ts';

/** Runs a program; the text that it prints, or undefined when it is missing or fails. */
export type Run = (command: string, args: readonly string[]) => Promise<string | undefined>;

/** @tensorflow/tfjs-node 4.22.0 calls `util.isNullOrUndefined`, which Node 23 removed (github.com/tensorflow/tfjs/issues/8609). */
const FIRST_NODE_WITHOUT_TENSORFLOW = 23;

/**
 * @param version e.g. `v20.20.2`
 * @param engines of package.json, e.g. `>=20.19`
 */
export function checkNode(version: string, engines: string): Finding {
  const needed = engines.replace(/^>=\s*/, '');
  if (compareVersions(version.slice(1), needed) < 0) {
    return finding(
      'problem',
      'Node',
      version,
      `too old: install Node ${needed} or newer, e.g. from https://nodejs.org`,
    );
  }
  if (Number(version.slice(1).split('.')[0]) >= FIRST_NODE_WITHOUT_TENSORFLOW) {
    const means = 'works; only the optional @tensorflow/tfjs-node 4.22.0 does not, which needs Node 20 or 22';
    return finding('note', 'Node', version, means);
  }
  return finding('ok', 'Node', version, `new enough (${needed} is needed), and one that the optional packages support`);
}

/** Negative when `a` is older than `b`; missing parts count as 0. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map((part) => Number.parseInt(part)));
  for (let i = 0; i < 3; i++) {
    const difference = (left![i] ?? 0) - (right![i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export async function checkNpm(run: Run): Promise<Finding> {
  const version = await run('npm', ['--version']);
  if (version === undefined)
    return finding('note', 'npm', 'not found', 'needed to install packages (npm ci), not to run pipelines');
  return finding('ok', 'npm', version, 'installs packages: npm ci');
}

export async function checkGit(run: Run): Promise<Finding> {
  const version = (await run('git', ['--version']))?.replace(/^git version /, '');
  if (version === undefined) return finding('note', 'git', 'not found', 'needed by the tests, not to run pipelines');
  return finding('ok', 'git', version, 'the tests copy what it tracks');
}

/** @param cxx the environment variable CXX */
export async function checkCompiler(run: Run, cxx: string | undefined): Promise<Finding> {
  const means = 'compiles the native backend: npm run build:native';
  for (const compiler of [...(cxx ? [cxx] : []), 'g++', 'clang++']) {
    const version = (await run(compiler, ['--version']))?.split('\n')[0];
    if (version === undefined) continue;
    const number = /\d+\.\d+(\.\d+)?/.exec(version)?.[0] ?? '';
    return finding('ok', 'C++ compiler', `${compiler} ${number}`.trim(), means);
  }
  return finding('note', 'C++ compiler', 'none', `${means}; without it a slower backend is used`);
}

/** What Python packages are for. */
const PYTHON_PACKAGES = {
  pyarrow: 'for check-artifacts.py',
  tokenizers: 'for the benchmarks bpe-train and encode',
  torch: 'for the benchmark train-step',
};

/** @param python the environment variable PYTHON, which the benchmarks honour */
export async function checkPython(run: Run, python: string = 'python3'): Promise<Finding> {
  const names = Object.keys(PYTHON_PACKAGES);
  const program = [
    'import importlib.metadata as m, json, platform',
    'def v(name):',
    '    try: return m.version(name)',
    '    except m.PackageNotFoundError: return None',
    `print(json.dumps({"python": platform.python_version(), **{n: v(n) for n in ${JSON.stringify(names)}}}))`,
  ].join('\n');
  const output = await run(python, ['-c', program]);
  if (output === undefined) {
    return finding(
      'note',
      'Python',
      `${python} not found`,
      'optional: benchmarks print no comparison; set PYTHON to an interpreter',
    );
  }
  const { python: version, ...found } = JSON.parse(output) as Record<string, string | null>;
  const has = names.filter((name) => found[name]).map((name) => `${name} ${found[name]}`);
  const lacks = Object.entries(PYTHON_PACKAGES).filter(([name]) => !found[name]);
  if (lacks.length === 0) return finding('ok', 'Python', version!, `benchmarks can compare with ${has.join(', ')}`);
  const missing = lacks.map(([name, use]) => `${name} (${use})`).join(', ');
  return finding(
    'note',
    'Python',
    version!,
    `optional: no ${missing}; pip install, or set PYTHON to another interpreter`,
  );
}
