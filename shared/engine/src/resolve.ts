/** @file Which tfjs backend will be used, and how it will compute, decided without loading tfjs. */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { detectInstructionSet, type NativeBuild, nativeBuild } from '@arrowsmith/backend-native/build';
import type { AdapterDescription } from '@arrowsmith/backend-webgpu/adapter';
import { UserError } from '@arrowsmith/errors';
import { findAdapter, type FoundAdapter } from './find-adapter.ts';
import { describeFactor, type Gain, gainOf, isForGraphics } from './speed/choose.ts';
import { forgetSpeeds, type KeptSpeeds, readSpeeds, speedsFile } from './speed/kept.ts';
import { dawnVersion, machineDigest, mayHaveAdapter } from './speed/machine.ts';
import type { Work } from './speed/speed.ts';

/**
 * In the order in which `auto` prefers them; it never comes to what follows `cpu`, which is always there. For training and evaluation that
 * are large enough to gain by it, `auto` takes `webgpu`: see {@link resolveEngine}.
 */
export const backendNames = ['native', 'tensorflow', 'wasm', 'cpu', 'webgpu'] as const;

export type BackendName = (typeof backendNames)[number];

/** What the inputs of matrix products are rounded to; sums and everything else are always float32. */
export const precisions = ['f32', 'bf16', 'f16'] as const;

export type Precision = (typeof precisions)[number];

/** All that results depend on: another of these may change their last bits. Strings only, to be part of a key and of a record. */
export type Engine =
  | { backend: 'native'; precision: 'f32' | 'bf16'; instructionSet: string; compiler: string }
  | { backend: 'webgpu'; precision: 'f32' | 'f16'; adapter: string; driver: string; dawn: string }
  | { backend: Exclude<BackendName, 'native' | 'webgpu'>; precision: 'f32' };

export interface EngineRequest {
  /** A backend's name or `auto`, with which the environment variable ARROWSMITH_BACKEND decides where it is set. */
  backend?: string | undefined;
  /** With `auto`, bf16 where the processor has such products, and f32 elsewhere; f16 on graphics processors that have it alone. Default f32. */
  precision?: Precision | 'auto' | undefined;
  /**
   * What has to be computed, step by step or pass by pass: with `auto`, a graphics processor is taken where that is enough for it. `unknown` where it will
   * be known when inputs are there: none is taken till then. Default: it is not enough.
   */
  work?: Work | 'unknown' | undefined;
}

/** Speeds that were measured and kept. */
type Speeds = () => KeptSpeeds | undefined;

const require = createRequire(import.meta.url);

/** Optional: no package depends on it. */
const TENSORFLOW_PACKAGE = '@tensorflow/tfjs-node';

/**
 * The name of the backend that a run will use.
 *
 * @param requested a backend's name or `auto`; by default the environment variable ARROWSMITH_BACKEND, else `auto`, which is the first
 *   of these that is there: `native`, built when packages were installed; `tensorflow`, where `@tensorflow/tfjs-node` is
 *   installed with its binding; `wasm`
 * @param native finds out what there is of the native backend
 * @throws UserError when the name is unknown or that backend is not there
 */
export function resolveBackend(
  requested: string = fromEnvironment(),
  native: () => NativeBuild = knownBuild,
): BackendName {
  if (requested === 'auto') return backendNames.find((name) => whyMissing(name, native) === undefined)!;
  const name = backendNames.find((known) => known === requested);
  const missing = name && whyMissing(name, native);
  if (name !== undefined && missing === undefined) return name;
  const others = backendNames.map((other) => {
    const why = whyMissing(other, native)?.reason;
    return why === undefined ? other : `${other} (not available: ${why})`;
  });
  throw new UserError({
    what:
      name === undefined ? `unknown backend "${requested}"` : `backend "${name}" is not available: ${missing!.reason}`,
    expected: ['auto', ...others].join(', '),
    where: 'environment variable ARROWSMITH_BACKEND, or the argument that names a backend',
    fix: missing === undefined ? 'ARROWSMITH_BACKEND=auto' : `${missing.fix}; or ARROWSMITH_BACKEND=auto`,
  });
}

/** Why a backend is not there, and what to do about it; undefined where it is. */
function whyMissing(name: BackendName, native: () => NativeBuild): { reason: string; fix: string } | undefined {
  if (name === 'native') {
    const build = native();
    return build.available ? undefined : build;
  }
  if (name === 'webgpu') {
    const found = knownAdapter();
    return found.isThere ? undefined : found;
  }
  return name === 'tensorflow' ? whyTensorflowIsMissing() : undefined;
}

/** @tensorflow/tfjs-node 4.22.0 calls `util.isNullOrUndefined`, which Node 23 removed (github.com/tensorflow/tfjs/issues/8609). */
export const FIRST_NODE_WITHOUT_TENSORFLOW = 23;

function whyTensorflowIsMissing(): { reason: string; fix: string } | undefined {
  const fix = 'npm run tfjs-node';
  const folder = tensorflowFolder();
  if (folder === undefined) return { reason: 'the npm package @tensorflow/tfjs-node is not installed', fix };
  if (Number(process.versions.node.split('.')[0]) >= FIRST_NODE_WITHOUT_TENSORFLOW)
    return { reason: `@tensorflow/tfjs-node does not run on Node ${process.version}`, fix: 'use Node 20 or 22' };
  const bindings = join(folder, 'lib'); // one folder for each version of Node-API
  const isBuilt =
    existsSync(bindings) && readdirSync(bindings).some((napi) => existsSync(join(bindings, napi, 'tfjs_binding.node')));
  return isBuilt ? undefined : { reason: 'the binding of @tensorflow/tfjs-node is not built', fix };
}

/**
 * The backend that a run will use, and how it will compute: bf16 becomes f32 where there are no such products; f16 does not, since losses are scaled
 * for it. With `auto`, a graphics processor is taken where speeds that were measured on this machine, and kept, say that the work gains much by it.
 *
 * @throws UserError as {@link resolveBackend} does, and for f16 where there are no such products
 */
export function resolveEngine(
  request: EngineRequest = {},
  native: () => NativeBuild = knownBuild,
  speeds: Speeds = () => keptSpeeds(native),
): Engine {
  const gain = engineGain(request, native, speeds);
  return gain?.isWorth ? onGraphics(gain.adapter, 'f32') : withoutChoice(request, native);
}

/**
 * What a graphics processor would gain where `auto` is free to choose one; undefined where it is not, where there is none, and where nothing was measured.
 *
 * @throws UserError as {@link resolveBackend} does
 */
export function engineGain(
  request: EngineRequest,
  native: () => NativeBuild = knownBuild,
  speeds: Speeds = () => keptSpeeds(native),
): Gain | undefined {
  const { work } = request;
  if (work === undefined || work === 'unknown' || !isForGraphics(work) || !isFreeToChoose(request)) return undefined;
  const kept = speeds();
  if (kept?.adapter == null) return undefined;
  const { backend, precision } = withoutChoice(request, native);
  return gainOf(work, kept, `${backend} ${precision}`, 'webgpu f32');
}

/**
 * The measurement that `auto` waits for, to choose for this work, or for what that may turn out to be.
 *
 * @returns undefined where it needs none: where a backend is asked for, where there can be no graphics processor, or where the work is too small for one
 */
export function neededSpeeds(request: EngineRequest): { kept: KeptSpeeds | undefined } | undefined {
  const { work } = request;
  const mayGain = work === 'unknown' || (work !== undefined && isForGraphics(work));
  return mayGain && isFreeToChoose(request) && mayHaveAdapter() ? { kept: keptSpeeds(knownBuild) } : undefined;
}

/** Measures a graphics processor, where one might be there that nobody has measured. */
const MEASUREMENT = 'shared/engine/src/speed/measure-command.ts';

/** The same, as a stage declares it. */
export function neededMeasurement(request: EngineRequest): { script: string; kept: string | undefined } | undefined {
  const speeds = neededSpeeds(request);
  return speeds && { script: MEASUREMENT, kept: speeds.kept && JSON.stringify(speeds.kept) };
}

/** f16 needs a graphics processor, which is to be asked for then. */
const isFreeToChoose = ({ backend = 'auto', precision }: EngineRequest): boolean =>
  backend === 'auto' && precision !== 'f16' && fromEnvironment() === 'auto';

function keptSpeeds(native: () => NativeBuild): KeptSpeeds | undefined {
  return mayHaveAdapter() ? readSpeeds(speedsFile(machineDigest(native()))) : undefined;
}

/** For when the graphics processor turns out to be another than the one that was measured. */
export function forgetKeptSpeeds(): void {
  forgetSpeeds(speedsFile(machineDigest(knownBuild())));
}

/** However a graphics processor was chosen, it computes alike. Dawn, in the version of its npm package, compiles what it computes. */
export const onGraphics = (
  { name: adapter, driver }: Pick<AdapterDescription, 'name' | 'driver'>,
  precision: 'f32' | 'f16',
): Engine => ({
  backend: 'webgpu',
  precision,
  adapter,
  driver,
  dawn: dawnVersion() ?? '',
});

function withoutChoice({ backend: requested, precision = 'f32' }: EngineRequest, native: () => NativeBuild): Engine {
  const backend = resolveBackend(requested === 'auto' ? undefined : requested, native);
  if (backend === 'webgpu') {
    const found = knownAdapter() as FoundAdapter & { isThere: true };
    if (precision === 'f16' && !found.features.includes('shader-f16')) {
      throw withoutHalf(`the graphics processor ${found.name}`);
    }
    return onGraphics(found, precision === 'f16' ? 'f16' : 'f32');
  }
  if (precision === 'f16') throw withoutHalf(`the backend ${backend}`);
  if (backend !== 'native') return { backend, precision: 'f32' };
  const { isa: instructionSet, compiler, bf16 } = native() as NativeBuild & { available: true };
  return { backend, precision: bf16 && precision !== 'f32' ? 'bf16' : 'f32', instructionSet, compiler };
}

const withoutHalf = (what: string): UserError =>
  new UserError({
    what: `${what} has no products of 16-bit floating-point numbers`,
    expected: 'for the precision f16, the backend webgpu on a graphics processor with the feature shader-f16',
    fix: 'leave `precision` out; or choose the backend: --train.backend=webgpu, ARROWSMITH_BACKEND=webgpu',
  });

/** An engine in a few words. */
export function describeEngine(engine: Engine): string {
  if (engine.backend === 'native') return `native (${engine.instructionSet}, ${engine.precision})`;
  if (engine.backend !== 'webgpu') return engine.backend;
  return `webgpu (${engine.adapter}${engine.precision === 'f32' ? '' : `, ${engine.precision}`})`;
}

/** What a person should be told at the start of a run: that it is slower or other than it might be, why, and what to do. */
export function engineNotices(
  request: EngineRequest = {},
  native: () => NativeBuild = knownBuild,
  speeds: Speeds = () => keptSpeeds(native),
): string[] {
  const { precision = 'f32' } = request;
  const engine = resolveEngine(request, native, speeds);
  const notices: string[] = [];
  const gain = engineGain(request, native, speeds);
  if (gain !== undefined && gain.factor > 1) notices.push(describeGain(gain, withoutChoice(request, native)));
  const missing = whyMissing('native', native);
  if (isFreeToChoose(request) && engine.backend !== 'webgpu' && missing !== undefined) {
    notices.push(
      `backend ${engine.backend}, which is slower than native; native is not available: ${missing.reason}; to do: ${missing.fix}`,
    );
  }
  if (engine.backend === 'native' && !process.env['ARROWSMITH_ISA']) {
    const possible = detectInstructionSet().name;
    if (possible !== engine.instructionSet) {
      notices.push(
        `the native backend is built for ${engine.instructionSet}, and this processor has ${possible}, which is faster; to do: npm run build:native, with a compiler that knows it`,
      );
    }
  }
  if (
    engine.backend === 'webgpu' &&
    !gain?.isWorth &&
    (knownAdapter() as FoundAdapter & { isThere: true }).isSoftware
  ) {
    notices.push(
      `${engine.adapter} is no graphics processor, but a program that stands in for one: for tests, a hundred times slower than the backend native`,
    );
  }
  if (precision !== 'auto' && precision !== engine.precision) {
    const why =
      engine.backend === 'native'
        ? `the instruction set ${engine.instructionSet} has no such products (AVX512_BF16 has)`
        : `the backend ${engine.backend} has no such products`;
    notices.push(`precision ${engine.precision} instead of ${precision}: ${why}`);
  }
  return notices;
}

/** What was chosen, why, and what to do for the other. */
function describeGain({ adapter, factor, isWorth }: Gain, other: Engine): string {
  const estimate = `estimated ${describeFactor(factor)} of ${other.backend}`;
  return isWorth
    ? `backend webgpu (${adapter.name}): ${estimate}; --backend=${other.backend} to stay`
    : `backend ${other.backend}: webgpu (${adapter.name}) is ${estimate}, too little to change; --backend=webgpu for it`;
}

const builds = new Map<string, NativeBuild>();

/**
 * What there is of the native backend, looked for once by a process: it takes reading all C++ sources, and the Nx plugin asks for every
 * stage of every pipeline.
 */
function knownBuild(): NativeBuild {
  const isa = process.env['ARROWSMITH_ISA'] ?? '';
  const build = builds.get(isa) ?? nativeBuild();
  builds.set(isa, build);
  return build;
}

let adapter: FoundAdapter | undefined;

/** Looked for once by a process, and only where the backend `webgpu` is asked for: it starts a process. */
function knownAdapter(): FoundAdapter {
  adapter ??= findAdapter();
  return adapter;
}

function fromEnvironment(): string {
  return process.env['ARROWSMITH_BACKEND'] || 'auto';
}

function tensorflowFolder(): string | undefined {
  try {
    return dirname(require.resolve(`${TENSORFLOW_PACKAGE}/package.json`));
  } catch {
    return undefined;
  }
}
