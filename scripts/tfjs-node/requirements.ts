/** @file What building the binding of @tensorflow/tfjs-node needs, looked for before anything is downloaded. */
import { UserError } from '@arrowsmith/errors';
import { FIRST_NODE_WITHOUT_TENSORFLOW } from '@arrowsmith/engine/resolve';

/** The wheel of PyPI that is used, of which there are others for other platforms, but none that has the library that is needed. */
export const TENSORFLOW = 'tensorflow-cpu==2.15.1';

const PLATFORM = 'linux-x64';

export interface Machine {
  /** `process.platform` and `process.arch`, e.g. `linux-x64`. */
  platform: string;
  /** e.g. `v20.20.2` */
  node: string;
  env: NodeJS.ProcessEnv;
  /** Runs a program; what it prints, or undefined where it is missing or fails. */
  run: (command: string, args: readonly string[]) => Promise<string | undefined>;
}

export interface Tools {
  python: string;
  compiler: string;
}

/**
 * Finds Python with pip, and a C++ compiler.
 * @throws UserError for another platform, a Node that the package does not run on, and for what is missing, with what to install
 */
export async function findTools({ platform, node, env, run }: Machine): Promise<Tools> {
  if (platform !== PLATFORM) {
    throw new UserError({
      what: 'the binding of @tensorflow/tfjs-node cannot be built here',
      expected: `${PLATFORM}, for which ${TENSORFLOW} on PyPI has TensorFlow's library`,
      found: platform,
      fix: 'npm install --no-save @tensorflow/tfjs-node@4.22.0 downloads a binding where Google has one; the backend native is faster: npm run build:native',
    });
  }
  if (Number(/^v(\d+)/.exec(node)?.[1]) >= FIRST_NODE_WITHOUT_TENSORFLOW) {
    throw new UserError({
      what: `@tensorflow/tfjs-node 4.22.0 does not run on Node ${node}`,
      expected: 'Node 20 or 22',
      found: node,
      fix: 'use Node 22 for it, for example `npx -p node@22 npm run tfjs-node`; all else runs on this one',
    });
  }
  const python = env['PYTHON'] || 'python3';
  if ((await run(python, ['--version'])) === undefined) {
    throw new UserError({
      what: `there is no Python to download ${TENSORFLOW} with`,
      expected: 'Python 3 with pip, of any version; nothing of it is used afterwards',
      found: `${python} does not start`,
      fix: 'install it (Debian, Ubuntu: apt install python3-pip), or set PYTHON to an interpreter',
    });
  }
  if ((await run(python, ['-m', 'pip', '--version'])) === undefined) {
    throw new UserError({
      what: `${python} has no pip to download ${TENSORFLOW} with`,
      expected: `${python} -m pip --version to print a version`,
      fix: 'install it (Debian, Ubuntu: apt install python3-pip), or set PYTHON to an interpreter that has it',
    });
  }
  for (const compiler of env['CXX'] ? [env['CXX']] : ['g++', 'clang++'])
    if ((await run(compiler, ['--version'])) !== undefined) return { python, compiler };
  throw new UserError({
    what: 'there is no C++ compiler',
    expected: env['CXX'] ? 'CXX to name one' : 'g++ or clang++',
    found: env['CXX'] ? `${env['CXX']} does not start` : 'neither',
    fix: 'install one (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++), or set CXX',
  });
}
