/** @file The choice of a graphics processor, with measurements that are made up: there need be none. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NativeBuild } from '@arrowsmith/backend-native/build';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { engineNotices, neededSpeeds, resolveEngine } from '../resolve.ts';
import { type KeptSpeeds, keepSpeeds, readSpeeds, speedsFile } from './kept.ts';
import { machineDigest, mayHaveAdapter } from './machine.ts';
import { measureBackends } from './measure-backends.ts';
import { rateAt, type Speed, workSeconds, type Work } from './speed.ts';

const build: NativeBuild = {
  available: true,
  isa: 'neon',
  bf16: false,
  compiler: 'clang 17',
  path: 'arrowsmith.node',
  stale: false,
};
const native = () => build;

/** The version of Dawn's package that was installed. */
const lock = readFileSync(join(import.meta.dirname, '../../../../package-lock.json'), 'utf8');
const DAWN = (JSON.parse(lock) as { packages: Record<string, { version: string }> }).packages['node_modules/webgpu']!
  .version;

/** Speeds in the proportions of a laptop's: the graphics processor is slow to start, and fast then. */
const PROCESSOR: Speed = {
  products: [0.4e12, 0.8e12, 1e12],
  stored: [0.4e12, 0.8e12, 1e12],
  bandwidth: 60e9,
  reading: 60e9,
  kernel: 5e-6,
  call: 10e-6,
  wait: 20e-6,
};
const GRAPHICS: Speed = {
  products: [0.8e12, 2.4e12, 4e12],
  stored: [0.4e12, 1.2e12, 2e12],
  bandwidth: 120e9,
  reading: 100e9,
  kernel: 50e-6,
  call: 80e-6,
  wait: 400e-6,
};
const adapter = {
  name: 'Apple M3',
  vendor: 'apple',
  architecture: 'metal-3',
  driver: 'Metal driver',
  isSoftware: false,
};

const keptOf = (changes: Partial<KeptSpeeds> = {}): KeptSpeeds => ({
  format: 2,
  measured: '2026-11-30',
  adapter,
  speeds: { 'native f32': PROCESSOR, 'webgpu f32': GRAPHICS },
  ...changes,
});

/** Of a model of 25 million parameters, 8 rows of 512 tokens; and of one of a quarter of a million. */
const large: Work = { flop: 6 * 25e6 * 4096, bytes: 8e9, kernels: 480, width: 512 };
const small: Work = { flop: 6 * 0.25e6 * 2048, bytes: 1e8, kernels: 260, width: 128 };

beforeEach(() => {
  vi.stubEnv('ARROWSMITH_BACKEND', '');
  vi.stubEnv('ARROWSMITH_ISA', 'neon'); // else a processor that has more would be mentioned
});
afterEach(() => vi.unstubAllEnvs());

describe('the estimate of a step', () => {
  test('is the time of its products, of its memory traffic and of its kernels', () => {
    const speed: Speed = { ...PROCESSOR, products: [1e9, 3e9, 3e9], bandwidth: 1e9, kernel: 1e-3 };
    expect(workSeconds({ flop: 2e9, bytes: 5e8, kernels: 250, width: 128 }, speed)).toBeCloseTo(2 + 0.5 + 0.25, 12);
    expect(rateAt(speed.products, 256)).toBeCloseTo(2e9, 0); // half of the way from 128 to 512, in doublings
    expect([64, 2048].map((width) => rateAt(speed.products, width))).toEqual([1e9, 3e9]);
  });

  test('is besides that of products with stored matrices, of rows by themselves, of calls, and of waiting', () => {
    const nothing: Work = { flop: 0, bytes: 0, kernels: 0, width: 512 };
    const seconds = (work: Partial<Work>) => workSeconds({ ...nothing, ...work }, GRAPHICS);
    expect(seconds({})).toBe(0);
    expect(seconds({ storedFlop: 1.2e12 })).toBeCloseTo(1, 12);
    expect(seconds({ bytesForRows: 100e9 })).toBeCloseTo(1, 12);
    expect(seconds({ calls: 1000 })).toBeCloseTo(0.08, 12);
    expect(seconds({ waits: 1000 })).toBeCloseTo(0.4, 12);
    expect(seconds({ storedFlop: 1.2e12, calls: 1000, waits: 1000, memory: 1e9 })).toBeCloseTo(1.48, 12);
  });
});

describe('auto', () => {
  const choose = (work: Work | undefined, kept: KeptSpeeds | undefined, request = {}) =>
    resolveEngine({ work, ...request }, native, () => kept);

  test('takes the graphics processor for a model that gains much, and says so', () => {
    expect(choose(large, keptOf())).toEqual({
      backend: 'webgpu',
      precision: 'f32',
      adapter: 'Apple M3',
      driver: 'Metal driver',
      dawn: DAWN,
    });
    // 0.768 s + 0.133 s + 2 ms, of 0.256 s + 0.067 s + 24 ms
    expect(engineNotices({ work: large }, native, () => keptOf())).toEqual([
      'backend webgpu (Apple M3): estimated 2.6x of native; --backend=native to stay',
    ]);
  });

  test('stays where little is gained, and says that there is something', () => {
    const slower = keptOf({
      speeds: { 'native f32': PROCESSOR, 'webgpu f32': { ...PROCESSOR, products: [0.5e12, 1.1e12, 1.4e12] } },
    });
    expect(choose(large, slower)).toMatchObject({ backend: 'native' });
    expect(engineNotices({ work: large }, native, () => slower)).toEqual([
      expect.stringMatching(/^backend native: webgpu \(Apple M3\) is estimated 1\.3x of native, too little/),
    ]);
  });

  test('is silent, and stays, where a graphics processor is slower, where none was measured, and for small models', () => {
    const swapped = keptOf({ speeds: { 'native f32': GRAPHICS, 'webgpu f32': PROCESSOR } });
    const none = keptOf({ adapter: null, speeds: {} });
    for (const [work, kept] of [
      [large, swapped],
      [large, none],
      [large, undefined],
      [small, keptOf()],
      [undefined, keptOf()],
    ] as const) {
      expect(choose(work, kept)).toMatchObject({ backend: 'native' });
      expect(engineNotices({ work }, native, () => kept)).toEqual([]);
    }
  });

  test('never takes a program that stands in for a graphics processor, however fast it says that it is', () => {
    const software = keptOf({ adapter: { ...adapter, name: 'llvmpipe', isSoftware: true } });
    expect(choose(large, software)).toMatchObject({ backend: 'native' });
  });

  /** The passes of a batch of 16 rows of 512 tokens, by a model of 25 million parameters. */
  const passes: Work = { flop: 2 * 25e6 * 8192, bytes: 5e9, kernels: 0, calls: 110, waits: 1, width: 512, memory: 5e8 };

  test('takes the graphics processor for passes, and not where texts that are written beside take longer there', () => {
    // 0.512 s + 83 ms + 1 ms, of 0.171 s + 42 ms + 9 ms
    expect(engineNotices({ work: passes }, native, () => keptOf())).toEqual([
      'backend webgpu (Apple M3): estimated 2.7x of native; --backend=native to stay',
    ]);
    // 4,096 tokens: 8.2 s by 100 MB and 110 kernels, of 4.1 + 22.5 + 1.6 s
    const texts = { bytesForRows: 4096 * 1e8, kernels: 4096 * 110, waits: 4097 };
    expect(choose({ ...passes, ...texts }, keptOf())).toMatchObject({ backend: 'native' });
  });

  test('goes by the rate of stored matrices for a model that does not learn', () => {
    const adapting: Work = { flop: 1e10, storedFlop: 4 * 25e6 * 4096, bytes: 4e9, kernels: 1000, width: 512 };
    // 0.513 + 0.013 + 0.067 + 0.005 s, of 0.341 + 0.004 + 0.033 + 0.05 s
    expect(choose(adapting, keptOf())).toMatchObject({ backend: 'native' });
    const { 'webgpu f32': graphics, ...others } = keptOf().speeds;
    const faster = keptOf({ speeds: { ...others, 'webgpu f32': { ...graphics!, stored: GRAPHICS.products } } });
    expect(choose(adapting, faster)).toMatchObject({ backend: 'webgpu' });
  });

  test('stays where more memory is needed than any such graphics processor has for sure', () => {
    expect(choose({ ...passes, memory: 3e9 }, keptOf())).toMatchObject({ backend: 'native' });
  });

  test('stays as long as the work is not known, and yet has a graphics processor measured for it', () => {
    vi.stubEnv('VK_ICD_FILENAMES', 'icd.json'); // as if there were a driver
    vi.stubEnv('ARROWSMITH_ISA', '');
    vi.stubEnv('XDG_CACHE_HOME', '/nowhere');
    expect(choose(undefined, keptOf(), { work: 'unknown' })).toMatchObject({ backend: 'native' });
    expect(neededSpeeds({ work: 'unknown' })).toEqual({ kept: undefined });
    expect(neededSpeeds({ work: small })).toEqual({ kept: undefined });
    expect(neededSpeeds({ work: { ...small, flop: 1e9 } })).toBeUndefined();
    expect(neededSpeeds({ work: 'unknown', backend: 'native' })).toBeUndefined();
  });

  test('compares with the precision that would be computed in', () => {
    const withBf16 = () => ({ ...build, bf16: true }) as NativeBuild;
    const fast: Speed = { ...PROCESSOR, products: PROCESSOR.products.map((rate) => 5 * rate) };
    const kept = keptOf({ speeds: { ...keptOf().speeds, 'native bf16': fast } });
    const chosen = (precision: 'auto' | 'f32') =>
      resolveEngine({ work: large, precision }, withBf16, () => kept).backend;
    expect([chosen('f32'), chosen('auto')]).toEqual(['webgpu', 'native']);
  });

  test('does not come into it where a backend is asked for', () => {
    expect(choose(large, keptOf(), { backend: 'native' })).toMatchObject({ backend: 'native' });
    vi.stubEnv('ARROWSMITH_BACKEND', 'native');
    expect(choose(large, keptOf())).toMatchObject({ backend: 'native' });
    expect(neededSpeeds({ work: large })).toBeUndefined();
  });
});

describe('what was measured', () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'speeds-'));
    env = { XDG_CACHE_HOME: folder };
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const find = () => ({ isThere: true as const, features: [], ...adapter });
  const measure =
    (factor = 1) =>
    (backend: string, precisions: readonly string[]) =>
      Object.fromEntries(
        precisions.map((precision) => {
          const speed = backend === 'webgpu' ? GRAPHICS : PROCESSOR;
          return [`${backend} ${precision}`, { ...speed, bandwidth: factor * speed.bandwidth }];
        }),
      );
  const file = () => speedsFile(machineDigest(build, env), env);

  test('is kept for the machine, each backend with its precisions', () => {
    const kept = measureBackends(build, { find, measure: measure(), env });
    expect(kept).toMatchObject({ adapter, speeds: { 'webgpu f32': GRAPHICS, 'native f32': PROCESSOR } });
    expect(readSpeeds(file())).toEqual(kept);
    expect(
      Object.keys(measureBackends({ ...build, bf16: true } as NativeBuild, { find, measure: measure(), env }).speeds),
    ).toContain('native bf16');
  });

  test('stays when it is measured again, but for what is clearly another', () => {
    const bandwidthOf = (factor: number) =>
      measureBackends(build, { find, measure: measure(factor), env }).speeds['webgpu f32']!.bandwidth;
    expect(bandwidthOf(1)).toBe(GRAPHICS.bandwidth);
    expect([1.2, 0.85].map(bandwidthOf)).toEqual([GRAPHICS.bandwidth, GRAPHICS.bandwidth]);
    expect(bandwidthOf(2)).toBe(2 * GRAPHICS.bandwidth);
  });

  test('is another for another machine, build, driver or choice of an adapter', () => {
    const driver = join(folder, 'icd.json');
    writeFileSync(driver, '{}');
    const digests = [
      machineDigest(build, {}),
      machineDigest({ ...build, isa: 'avx2' } as NativeBuild, {}),
      machineDigest({ available: false, reason: 'no compiler', fix: '' }, {}),
      machineDigest(build, { ARROWSMITH_DAWN: 'adapter=NVIDIA' }),
      machineDigest(build, { VK_ICD_FILENAMES: driver }),
    ];
    expect(new Set(digests).size).toBe(digests.length);
    expect(machineDigest(build, {})).toBe(digests[0]);
  });

  test('says no adapter for a program that stands in for one, for none, and for one that cannot be measured; nothing else is measured then', () => {
    const never = () => {
      throw new Error('should not have been measured');
    };
    const software = () => ({ ...find(), isSoftware: true });
    expect(measureBackends(build, { find: software, measure: never, env })).toMatchObject({
      adapter: null,
      speeds: {},
    });
    const none = () => ({ isThere: false, reason: 'there is none', fix: '' }) as const;
    expect(measureBackends(build, { find: none, measure: never, env })).toMatchObject({ adapter: null });
    const crash = () => {
      throw new Error('the driver ended');
    };
    expect(measureBackends(build, { find, measure: crash, env }).reason).toBe(
      'Apple M3 could not be measured: the driver ended',
    );
    expect(readSpeeds(file())?.adapter).toBeNull();
    const kept = measureBackends(build, { find, measure: measure(), env });
    expect(measureBackends(build, { find, measure: crash, env })).toEqual(kept); // it could be measured once
  });

  test('that is damaged, or of another format, is measured anew', () => {
    keepSpeeds(file(), keptOf());
    expect(readSpeeds(file())).toEqual(keptOf());
    expect(readdirSync(join(folder, 'arrowsmith'))).toHaveLength(1); // no draft is left
    const text = readFileSync(file(), 'utf8');
    for (const damaged of [
      text.slice(0, -9),
      text.replace('"format": 2', '"format": 1'),
      text.replace('5e-6', '-1').replace('0.000005', '-1'),
    ]) {
      writeFileSync(file(), damaged);
      expect(readSpeeds(file())).toBeUndefined();
    }
  });

  test('is looked for only where there may be a graphics processor', () => {
    expect(mayHaveAdapter({ VK_ICD_FILENAMES: 'icd.json' })).toBe(true); // the package is installed
  });
});
