/** @file Which graphics processor WebGPU offers, found out in a process of its own: the backend is chosen where nothing can be waited for. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { type AdapterDescription, type AdapterInfo, describeInfo } from '@arrowsmith/backend-webgpu/adapter';

export type FoundAdapter =
  | ({
      isThere: true;
      /** What it offers of what kernels use or might. */
      features: string[];
    } & AdapterDescription)
  | {
      isThere: false;
      reason: string;
      fix: string;
    };

/** By which kernels are faster; Dawn offers matrix units only where it is told to offer what is an experiment. */
const FEATURES = ['shader-f16', 'subgroups', 'timestamp-query', 'chromium-experimental-subgroup-matrix'];

/** A driver that takes longer does not work. */
const PATIENCE_MS = 30_000;

/** Prints the adapter's info and features, or null. It exits at once: with an open adapter, Dawn may not. */
const PROBE = `
  import { create } from 'webgpu';
  const adapter = await create((process.env.ARROWSMITH_DAWN ?? '').split(' ').filter(Boolean)).requestAdapter({ powerPreference: 'high-performance' });
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter?.info ?? {};
  console.log(JSON.stringify(adapter && { vendor, architecture, device, description, isFallbackAdapter, features: [...adapter.features] }));
  process.exit(0);
`;

const require = createRequire(import.meta.url);

export function findAdapter(): FoundAdapter {
  let folder: string;
  try {
    folder = dirname(require.resolve('webgpu'));
  } catch {
    return missing('the npm package webgpu is not installed', 'npm ci');
  }
  const probe = spawnSync(process.execPath, ['--input-type=module', '--eval', PROBE], {
    cwd: folder,
    encoding: 'utf8',
    timeout: PATIENCE_MS,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  if (probe.status !== 0) {
    const why = probe.error?.message ?? probe.stderr.split('\n').find((line) => /Error/.test(line)) ?? 'it ends early';
    return missing(`Dawn, of the npm package webgpu, does not run: ${why}`, 'npm ci');
  }
  const info = JSON.parse(probe.stdout) as (AdapterInfo & { features: string[] }) | null;
  if (info !== null) {
    const features = FEATURES.filter((feature) => info.features.includes(feature));
    return { isThere: true, features, ...describeInfo(info) };
  }
  return missing('WebGPU finds no graphics processor', 'install the driver for Metal, Vulkan or Direct3D 12');
}

const missing = (reason: string, fix: string): FoundAdapter => ({ isThere: false, reason, fix });
