/**
 * @file Builds the binding of @tensorflow/tfjs-node where its own download is blocked. The package names the C sources and where the library
 * is looked for (its binding.gyp); TensorFlow's wheel on PyPI has the headers and the library, under names of its own.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { $, type ProcessPromise } from 'zx';
import { TENSORFLOW, type Tools } from './requirements.ts';

const PACKAGE = '@tensorflow/tfjs-node@4.22.0';

/** Node-API's headers; Node installs its own only with some packages of it. */
const HEADERS = 'node-api-headers@1.9.0';

/** Of the wheel for x86-64 Linux and CPython 3.11; Python's version does not matter to the library in it. */
const WHEEL_SHA256 = '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26';

/** The latest version of Node-API that the package knows: the folder in which it looks for its binding. */
const NAPI = 8;

const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];

const packageFolder = (root: string): string => join(root, 'node_modules', '@tensorflow', 'tfjs-node');

/** A product of matrices, whose elements are 19, 22, 43 and 50. */
const PROBE = `const tf = require('@tensorflow/tfjs-node');
tf.matMul([[1, 2], [3, 4]], [[5, 6], [7, 8]]).data().then((values) => console.log('product ' + values.join()));`;

/** Whether the package is installed and multiplies. */
export async function isBuilt(root: string): Promise<boolean> {
  if (!existsSync(packageFolder(root))) return false;
  const { stdout } = await $({ cwd: root, quiet: true, nothrow: true })`${process.execPath} -e ${PROBE}`;
  return stdout.includes('product 19,22,43,50');
}

/**
 * Installs, downloads, compiles and tries.
 * @param print is told each step
 * @throws UserError for a step that failed, with what the program said last
 */
export async function build(root: string, { python, compiler }: Tools, print: (line: string) => void): Promise<void> {
  print(`installing ${PACKAGE} and ${HEADERS}, without their install scripts`);
  await step(
    'npm could not install the packages',
    'see whether the npm registry can be reached: npm ping',
    $({ cwd: root })`npm install --no-save --no-audit --no-fund --ignore-scripts ${PACKAGE} ${HEADERS}`,
  );
  const folder = packageFolder(root);
  // Beside what it is for, as a rename cannot leave the disk.
  const work = await mkdtemp(join(folder, 'build-'));
  try {
    print(`downloading ${TENSORFLOW} from PyPI, 207 MB`);
    await download(python, work);
    print('unpacking its headers and library, 620 MB');
    const dependencies = join(work, 'deps');
    const [wheel = ''] = (await readdir(work)).filter((name) => name.endsWith('.whl'));
    await step(
      'the wheel could not be unpacked',
      'see whether the disk has 1 GB free: df -h .',
      $({ cwd: work })`${python} -c ${UNPACK} ${wheel} ${dependencies} ${LIBRARIES}`,
    );
    print(`compiling the binding with ${compiler}`);
    const binding = join(work, 'tfjs_binding.node');
    const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(folder, 'binding', name));
    const includes = [join(dependencies, 'include'), join(root, 'node_modules/node-api-headers/include')];
    await step(
      `${compiler} could not compile the binding`,
      'try another compiler: CXX=clang++ npm run tfjs-node',
      $`${compiler} -std=c++17 -O2 -shared -fPIC -DNAPI_VERSION=${NAPI} ${includes.map((include) => `-I${include}`)} ${sources} -o ${binding} -L${join(dependencies, 'lib')} ${LIBRARIES.map((name) => `-l:${name}`)} ${'-Wl,-rpath,$ORIGIN/../../deps/lib'}`,
    );
    const target = join(folder, 'lib', `napi-v${NAPI}`);
    await mkdir(target, { recursive: true });
    await rm(join(folder, 'deps'), { recursive: true, force: true });
    await rename(dependencies, join(folder, 'deps'));
    await rename(binding, join(target, 'tfjs_binding.node')); // last: where it is, all is
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  if (await isBuilt(root)) return;
  const { stderr } = await $({ cwd: root, quiet: true, nothrow: true })`${process.execPath} -e ${PROBE}`;
  await rm(join(folder, 'lib'), { recursive: true, force: true });
  throw new UserError({
    what: 'the binding was built, but does not multiply; it is removed again',
    expected: '[[1, 2], [3, 4]] × [[5, 6], [7, 8]] = [[19, 22], [43, 50]]',
    found: lastLines(stderr) || 'another product, or none',
    fix: 'use another backend: ARROWSMITH_BACKEND=native',
  });
}

/** The wheel of one platform and one digest, whatever Python this is. */
async function download(python: string, folder: string): Promise<void> {
  await writeFile(join(folder, 'requirements.txt'), `${TENSORFLOW} --hash=sha256:${WHEEL_SHA256}\n`);
  const platform = ['--platform', 'manylinux2014_x86_64', '--python-version', '3.11', '--implementation', 'cp'];
  const quietly = ['--disable-pip-version-check', '--progress-bar', 'off'];
  await step(
    `pip could not download ${TENSORFLOW}`,
    'see whether PyPI, or the index that pip is configured for, can be reached: pip config list',
    $({
      cwd: folder,
    })`${python} -m pip download ${quietly} ${platform} --no-deps --only-binary :all: --require-hashes -r requirements.txt -d .`,
  );
}

/** Takes the headers and the libraries out of the wheel, each in pieces: one of them has 565 MB. */
const UNPACK = `
import os, shutil, sys, zipfile
wheel, target, *libraries = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        path = name[len("tensorflow/"):]
        if name.endswith("/") or not name.startswith("tensorflow/"): continue
        if not path.startswith("include/"):
            if path not in libraries: continue
            path = "lib/" + path
        path = os.path.join(target, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(name) as source, open(path, "wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
missing = [name for name in libraries if not os.path.exists(os.path.join(target, "lib", name))]
if missing: sys.exit("the wheel has no " + ", ".join(missing))
`;

async function step(what: string, fix: string, process: ProcessPromise): Promise<void> {
  const { exitCode, stdout, stderr } = await process.quiet().nothrow();
  if (exitCode !== 0) throw new UserError({ what, found: lastLines(stderr || stdout), fix });
}

/** What a program says last is mostly why it failed. */
const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-5).join('\n');
