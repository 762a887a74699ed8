/** @file Tests of which build is used, and of building: in folders of their own, with a library of a few lines. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { buildCommand } from './build-command.ts';
import { buildNative } from './compile.ts';
import { detectInstructionSet, instructionSets, type Processor, supports, thisProcessor } from './instruction-sets.ts';
import { type BuildRecord, compilerFlags, digestOfSources, nativeBuild } from './native-build.ts';

const SOURCE = `#include <node_api.h>
NAPI_MODULE_INIT() { (void)env; return exports; }
`;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'native-build-'));
  await mkdir(join(directory, 'native'));
  await writeFile(join(directory, 'native', 'addon.cc'), SOURCE);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

const haswell: Processor = { arch: 'x64', flags: new Set(['avx2', 'fma', 'f16c']) };

/** Puts a record where a build would, as if there had been one. */
async function pretendBuilt(isa: string, changes: Partial<BuildRecord> = {}): Promise<void> {
  const instructionSet = instructionSets.find(({ name }) => name === isa)!;
  const record: BuildRecord = {
    isa,
    platform: process.platform,
    arch: instructionSet.arch ?? 'x64',
    compiler: 'g++ 99',
    sources: digestOfSources(directory),
    flags: compilerFlags(instructionSet),
    ...changes,
  };
  await mkdir(join(directory, 'build', isa), { recursive: true });
  await writeFile(join(directory, 'build', isa, 'build.json'), JSON.stringify(record));
}

describe('the build that is used', () => {
  test('is the fastest that this processor can run', async () => {
    await pretendBuilt('generic');
    await pretendBuilt('avx2');
    await pretendBuilt('avx512');
    expect(nativeBuild({ directory, processor: haswell })).toEqual({
      available: true,
      isa: 'avx2',
      bf16: false,
      compiler: 'g++ 99',
      path: join(directory, 'build', 'avx2', 'arrowsmith.node'),
      stale: false,
    });
  });

  test('is none where only builds for other processors or systems are, as in packages copied from elsewhere', async () => {
    await pretendBuilt('avx512-bf16');
    await pretendBuilt('neon');
    await pretendBuilt('avx2', { platform: 'sunos' });
    expect(nativeBuild({ directory, processor: haswell })).toMatchObject({
      available: false,
      fix: 'npm run build:native',
    });
  });

  test('is none where a record is cut off', async () => {
    await pretendBuilt('avx2');
    await writeFile(join(directory, 'build', 'avx2', 'build.json'), '{ "isa": "av');
    expect(nativeBuild({ directory, processor: haswell }).available).toBe(false);
  });

  test('is none where it is stale and nothing could build it again, and says what to install', async () => {
    await pretendBuilt('avx2', { sources: 'other' });
    expect(nativeBuild({ directory, processor: haswell, canBuild: () => false })).toEqual({
      available: false,
      reason: 'its sources have changed since it was built, and there is no C++ compiler to build it again',
      fix: expect.stringContaining('install') as string,
    });
    expect(nativeBuild({ directory, processor: haswell, canBuild: () => true })).toMatchObject({ stale: true });
    vi.stubEnv('PATH', directory);
    vi.stubEnv('CXX', '');
    expect(nativeBuild({ directory, processor: haswell })).toMatchObject({ available: false });
    vi.stubEnv('CXX', process.execPath); // any program that can be started
    expect(nativeBuild({ directory, processor: haswell })).toMatchObject({ stale: true });
  });

  test('is stale when a source or the flags have changed, and not when only a time has', async () => {
    await pretendBuilt('avx2');
    const stale = () => (nativeBuild({ directory, processor: haswell }) as { stale: boolean }).stale;
    await utimes(join(directory, 'native', 'addon.cc'), new Date(), new Date());
    expect(stale()).toBe(false);
    await writeFile(join(directory, 'native', 'new.h'), '');
    expect(stale()).toBe(true);
    await pretendBuilt('avx2', { flags: ['-O2'] });
    expect(stale()).toBe(true);
  });
});

describe('ARROWSMITH_ISA', () => {
  test('forces a lower instruction set that is built', async () => {
    await pretendBuilt('avx2');
    await pretendBuilt('generic');
    vi.stubEnv('ARROWSMITH_ISA', 'generic');
    expect(nativeBuild({ directory, processor: haswell })).toMatchObject({ isa: 'generic' });
  });

  test.each([
    ['avx3', /unknown instruction set "avx3"[^]*avx2, generic[^]*built here: avx2/],
    ['generic', /not built for the instruction set "generic"[^]*npm run build:native -- --isa=generic/],
    ['avx512', /this processor does not have the instruction set "avx512"[^]*avx2, generic/],
  ])('%s is refused, and what to do is said', async (isa, message) => {
    await pretendBuilt('avx2');
    await pretendBuilt('avx512');
    const find = () => nativeBuild({ directory, processor: haswell, isa });
    expect(find).toThrow(UserError);
    expect(find).toThrow(message);
  });
});

describe('installing without a compiler', () => {
  test('succeeds, says which slower backend will be used, and is remembered', async () => {
    vi.stubEnv('PATH', directory);
    vi.stubEnv('CXX', '');
    const lines: string[] = [];
    await buildCommand({ install: true, directory, print: (line) => lines.push(line) });
    expect(lines.join('\n')).toMatch(/there is no C\+\+ compiler[^]*wasm[^]*npm run build:native/);
    expect(nativeBuild({ directory })).toMatchObject({ available: false, reason: 'there is no C++ compiler' });
  });

  test('succeeds too where nothing can be written', async () => {
    await writeFile(join(directory, 'build'), 'a file where the folder should be');
    const lines: string[] = [];
    await buildCommand({ install: true, directory, print: (line) => lines.push(line) });
    expect(lines.join('\n')).toMatch(/was not built[^]*build/);
  });

  test('fails only where building was what was asked for', async () => {
    vi.stubEnv('CXX', join(directory, 'no-such-compiler'));
    await expect(buildCommand({ directory })).rejects.toThrow(/no C\+\+ compiler[^]*no-such-compiler/);
  });
});

test('an unknown instruction set cannot be built', async () => {
  await expect(buildNative({ directory, isa: 'avx3' })).rejects.toThrow(/"avx3"[^]*generic/);
});

const hasCompiler = await buildable();

async function buildable(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'native-build-probe-'));
  await mkdir(join(folder, 'native'));
  await writeFile(join(folder, 'native', 'addon.cc'), SOURCE);
  try {
    await buildNative({ directory: folder, isa: 'generic' });
    return true;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe.skipIf(!hasCompiler)('building', () => {
  test('makes a library for this processor, and installing again does nothing', async () => {
    const lines: string[] = [];
    const install = () => buildCommand({ install: true, directory, print: (line) => lines.push(line) });
    await install();
    const { name } = detectInstructionSet();
    expect(nativeBuild({ directory })).toMatchObject({ available: true, isa: name, stale: false });
    const { mtimeMs } = await stat(join(directory, 'build', name, 'arrowsmith.node'));
    await install();
    expect(lines).toEqual([expect.stringContaining(`built for ${name}`)]);
    expect((await stat(join(directory, 'build', name, 'arrowsmith.node'))).mtimeMs).toBe(mtimeMs);
    expect((await readdir(join(directory, 'build', name))).sort()).toEqual(['arrowsmith.node', 'build.json']);
  });

  test.skipIf(detectInstructionSet().compilerFlags.length === 0)(
    'by a compiler that is older than the processor is for the fastest that both know, and says so',
    async () => {
      const [best, next] = instructionSets.filter((each) => supports(thisProcessor(), each));
      const flag = best!.compilerFlags.find((each) => !next!.compilerFlags.includes(each));
      const compiler = join(directory, 'older');
      await writeFile(
        compiler,
        `#!/bin/sh
        for each in "$@"; do
          if [ "$each" = ${flag} ]; then echo "error: unrecognized command-line option '$each'" >&2; exit 1; fi
        done
        if command -v g++ >/dev/null; then exec g++ "$@"; else exec clang++ "$@"; fi`,
        { mode: 0o755 },
      );
      vi.stubEnv('CXX', compiler);
      const lines: string[] = [];
      await buildCommand({ install: true, directory, print: (line) => lines.push(line) });
      expect(lines).toEqual([
        expect.stringContaining(`built for ${next!.name}`),
        expect.stringContaining(`this processor has ${best!.name}, which is faster`),
      ]);
      expect(nativeBuild({ directory })).toMatchObject({ available: true, isa: next!.name, stale: false });
      await expect(buildNative({ directory, isa: best!.name })).rejects.toThrow(/unrecognized command-line option/);
    },
  );

  test('keeps the build there is when the sources have an error, and shows what the compiler says', async () => {
    await buildNative({ directory, isa: 'generic' });
    const before = await readFile(join(directory, 'build', 'generic', 'arrowsmith.node'));
    await writeFile(join(directory, 'native', 'broken.cc'), 'int f() { return undeclared_name; }');
    await expect(buildNative({ directory, isa: 'generic' })).rejects.toThrow(/compiler failed[^]*undeclared_name/);
    expect(await readFile(join(directory, 'build', 'generic', 'arrowsmith.node'))).toEqual(before);
    expect(nativeBuild({ directory, isa: 'generic' })).toMatchObject({ available: true, stale: true });
  });

  test('refuses a library that would fail when it is used: a function without a body', async () => {
    await writeFile(
      join(directory, 'native', 'addon.cc'),
      `#include <node_api.h>
       void missing_function();
       NAPI_MODULE_INIT() { missing_function(); (void)env; return exports; }`,
    );
    await expect(buildNative({ directory, isa: 'generic' })).rejects.toThrow(/does not load[^]*missing_function/);
    expect(nativeBuild({ directory }).available).toBe(false);
  });

  test('replaces a library while another process may be using it, by a new file', async () => {
    await buildNative({ directory, isa: 'generic' });
    const path = join(directory, 'build', 'generic', 'arrowsmith.node');
    const { ino } = await stat(path);
    await cp(path, join(directory, 'in-use.node'));
    await buildNative({ directory, isa: 'generic' });
    expect((await stat(path)).ino).not.toBe(ino);
  });

  test('asks the processor of this machine once', () => {
    expect(thisProcessor()).toBe(thisProcessor());
  });
});
