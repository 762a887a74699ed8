/** @file Checks the compute backends: which are installed, whether they multiply right, and how fast. */
import { type BackendName, backendNames, resolveBackend, resolveEngine } from '@arrowsmith/engine/resolve';
import type { FoundAdapter } from '@arrowsmith/engine';
import type { Speed } from '@arrowsmith/engine/speed';
import { UserError } from '@arrowsmith/errors';
import { type Finding, finding } from './finding.ts';

/** What multiplying two matrices showed. */
export interface Measurement {
  gigaflops: number;
  /** Whether the product was right. */
  correct: boolean;
  /** For `native` and `webgpu`: what else they do in a second. */
  speed?: Speed;
  /** For `webgpu`: what the graphics processor offers of what kernels use. */
  features?: string[];
  /** For wasm: whether the 128-bit SIMD build is in use. */
  simd?: boolean;
}

/** Side of the matrices: large enough for a backend's own speed to count, small enough for a moment's work. */
const SIZES: Record<BackendName, number> = { native: 1024, tensorflow: 512, wasm: 512, cpu: 192, webgpu: 256 };

const MEANS: Record<BackendName, string> = {
  native: 'C++ kernels, on all cores',
  tensorflow: "TensorFlow's library, on all cores",
  wasm: 'one core',
  cpu: 'plain JavaScript, the reference for tests',
  webgpu: 'a graphics processor',
};

/**
 * @param requested the environment variable ARROWSMITH_BACKEND
 * @param measure see {@link measureBackend}
 */
export async function checkBackends(
  requested: string | undefined,
  measure: (backend: BackendName) => Promise<Measurement>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  let used: BackendName | undefined;
  try {
    used = resolveBackend(requested || 'auto');
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { what, expected, fix } = error.parts;
    findings.push(
      finding(
        'problem',
        'backend',
        requested ? `ARROWSMITH_BACKEND=${requested}` : 'auto',
        `${what}; expected ${expected}; ${fix}`,
      ),
    );
  }
  for (const backend of backendNames) findings.push(await checkBackend(backend, backend === used, measure));
  return findings;
}

async function checkBackend(
  backend: BackendName,
  used: boolean,
  measure: (backend: BackendName) => Promise<Measurement>,
): Promise<Finding> {
  const check = `backend ${backend}`;
  const broken = used ? 'problem' : 'note';
  try {
    resolveBackend(backend);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const reason = error.parts.what.replace(/^backend "\w+" is not available: /, '');
    const means = `${backend === 'tensorflow' ? 'optional: ' : ''}${reason}; ${error.parts.fix}`;
    return finding('note', check, 'not available', means);
  }
  try {
    const { gigaflops, correct, simd, speed, features } = await measure(backend);
    const rates = speed === undefined ? '' : `, ${(speed.bandwidth / 1e9).toPrecision(2)} GB/s`;
    const what = `${adapterOf(backend)}${gigaflops.toFixed(1)} GFLOP/s${rates}${simd === undefined ? '' : simd ? ', SIMD' : ', no SIMD'}`;
    if (!correct) return finding(broken, check, what, 'multiplies wrong: do not use it, and report this machine');
    const level = simd === false ? 'note' : 'ok';
    const offered =
      features === undefined ? '' : ` with ${features.length === 0 ? 'no features' : features.join(', ')}`;
    return finding(level, check, what, `${MEANS[backend]}${offered}${used ? '; what pipelines use' : ''}`);
  } catch (error) {
    const message = (error as Error).message.split('\n')[0];
    return finding(broken, check, 'does not start', `${message}: reinstall packages with npm ci`);
  }
}

/** What the backend `webgpu` computes on. */
function adapterOf(backend: BackendName): string {
  if (backend !== 'webgpu') return '';
  const { adapter, driver } = resolveEngine({ backend }) as Extract<
    ReturnType<typeof resolveEngine>,
    { adapter: string }
  >;
  return `${[adapter, driver].filter((part) => part !== '').join(', ')}: `;
}

/** Multiplies two matrices on a backend, which is the active one afterwards. The fastest of some runs counts. */
export async function measureBackend(backend: BackendName): Promise<Measurement> {
  const { findAdapter, useBackend } = await import('@arrowsmith/engine');
  const tf = await import('@tensorflow/tfjs-core');
  await useBackend(backend);
  const n = SIZES[backend];
  // Small integers: every sum is exact in float32, so that the product is right or wrong and not almost right.
  const left = Float32Array.from({ length: n * n }, (_, i) => (i * 7 + Math.floor(i / n)) % 5);
  const right = Float32Array.from({ length: n * n }, (_, i) => (i * 3 + Math.floor(i / n)) % 7);
  const [a, b] = [tf.tensor2d(left, [n, n]), tf.tensor2d(right, [n, n])];
  let best = Infinity;
  let correct = true;
  for (let run = 0; run < 4; run++) {
    const start = performance.now();
    const product = tf.matMul(a, b);
    const values = await product.data();
    best = Math.min(best, performance.now() - start);
    product.dispose();
    correct &&= isProduct(values, left, right, n, run);
  }
  tf.dispose([a, b]);
  const speed = await speedOf(backend);
  const simd = backend === 'wasm' ? { simd: Boolean(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) } : {};
  const { features } = backend === 'webgpu' ? await featuresOf(findAdapter()) : {};
  const rate = Math.max((2 * n ** 3) / best / 1e6, ...(speed?.products ?? []).map((each) => each / 1e9));
  return { gigaflops: rate, correct, ...simd, ...(speed && { speed }), ...(features && { features }) };
}

/** With what the active backend makes of subgroups. */
async function featuresOf(found: FoundAdapter): Promise<{ features?: string[] }> {
  const { activeGraphics } = await import('@arrowsmith/backend');
  return found.isThere ? { features: describeFeatures(found.features, activeGraphics()?.subgroups?.size) } : {};
}

/** @param subgroupSize threads of the subgroups that shaders add by; undefined where they do not */
export const describeFeatures = (features: readonly string[], subgroupSize: number | undefined): string[] =>
  features.map((feature) => {
    if (feature !== 'subgroups') return feature;
    return subgroupSize === undefined ? 'subgroups (not used)' : `subgroups of ${subgroupSize} threads`;
  });

/** Of the backends of this project, on whose memory and kernels training waits as on their products. */
async function speedOf(backend: BackendName): Promise<Speed | undefined> {
  if (backend !== 'native' && backend !== 'webgpu') return undefined;
  const { activeGraphics } = await import('@arrowsmith/backend');
  const { measureSpeed } = await import('@arrowsmith/engine/speed');
  return measureSpeed({ size: activeGraphics()?.adapter.isSoftware ? 1 / 64 : 1, seconds: 0.06 });
}

/** Checks one row of the product [n, n] by the definition. */
function isProduct(
  product: ArrayLike<number>,
  left: Float32Array,
  right: Float32Array,
  n: number,
  row: number,
): boolean {
  for (let column = 0; column < n; column++) {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += left[row * n + k]! * right[k * n + column]!;
    if (product[row * n + column] !== sum) return false;
  }
  return true;
}
