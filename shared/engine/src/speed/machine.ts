/** @file What measured speeds depend on: where any of it is another, they are measured anew. Told in a millisecond, without starting a driver. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, platform, release } from 'node:os';
import { dirname, join } from 'node:path';
import type { NativeBuild } from '@arrowsmith/backend-native/build';

/** To be raised when what is measured is another, or when kernels of a backend have become faster by so much that another one may be chosen. */
const MEASUREMENT = 2;

const require = createRequire(import.meta.url);

/** The version of Dawn's package; undefined where it is not installed. */
export function dawnVersion(): string | undefined {
  try {
    const { version } = require(join(dirname(require.resolve('webgpu')), 'package.json')) as { version: string };
    return version;
  } catch {
    return undefined;
  }
}

/** Drivers that are where the system does not look for them. */
const DRIVER_VARIABLES = ['VK_ICD_FILENAMES', 'VK_DRIVER_FILES', 'VK_ADD_DRIVER_FILES'];

/** What a driver for a graphics processor on Linux has: a node of DRM, or one of NVIDIA's, WSL's or ARM's. */
const LINUX_DEVICES = ['/dev/nvidia0', '/dev/dxg', '/dev/mali0'];

/**
 * Whether there may be a graphics processor that WebGPU reaches. Looks at files alone: where it is false, `auto` takes no time for it.
 *
 * @param env where variables may name a driver
 */
export function mayHaveAdapter(env: NodeJS.ProcessEnv = process.env): boolean {
  if (platform() === 'linux' && !DRIVER_VARIABLES.some((name) => env[name]) && !hasLinuxDevice()) return false;
  return dawnVersion() !== undefined;
}

function hasLinuxDevice(): boolean {
  return (
    LINUX_DEVICES.some((path) => existsSync(path)) || namesIn('/dev/dri').some((name) => name.startsWith('renderD'))
  );
}

/** Where drivers for Vulkan say on Linux that they are there. */
const DRIVER_FOLDERS = ['/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/etc/vulkan/icd.d'];

/** Drivers, by file and time: a new version brings a new file. Those of other systems are a part of these. */
function drivers(env: NodeJS.ProcessEnv): string {
  const named = DRIVER_VARIABLES.flatMap((name) => (env[name] ?? '').split(':')).filter((path) => path !== '');
  const found =
    platform() === 'linux' ? DRIVER_FOLDERS.flatMap((folder) => namesIn(folder).map((name) => join(folder, name))) : [];
  return [...named, ...found, '/proc/driver/nvidia/version'].map((path) => `${path} ${changed(path)}`).join(';');
}

/** Asked for once by a process: of many cores, that takes milliseconds. */
let processor: string | undefined;

/** The digest of all that speeds depend on. @param native what there is of the native backend */
export function machineDigest(native: NativeBuild, env: NodeJS.ProcessEnv = process.env): string {
  processor ??= cpus()[0]?.model ?? '';
  const parts = [
    MEASUREMENT,
    platform(),
    arch(),
    release(),
    processor,
    availableParallelism(),
    native.available ? `${native.isa}, ${native.compiler}` : 'no native backend',
    dawnVersion(),
    env['ARROWSMITH_DAWN'],
    drivers(env),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function changed(path: string): number {
  try {
    const { mtimeMs, size } = statSync(path);
    return path.startsWith('/proc/') ? size : mtimeMs; // files there are as old as the system has been up
  } catch {
    return 0;
  }
}
