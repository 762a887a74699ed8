/** @file What a machine with a graphics processor needs for the backend webgpu, its tests and its benchmark, and how what is missing is got. */
import { UserError } from '@arrowsmith/errors';

export interface Machine {
  platform: NodeJS.Platform;
  /** Whether packages may be installed by this user, with `sudo` or as root; undefined where not. */
  install: readonly string[] | undefined;
  /** Runs a program; what it prints, or undefined where it is missing or fails. */
  run: (command: string, args: readonly string[]) => Promise<string | undefined>;
  exists: (path: string) => boolean;
}

/** What is to be done: programs to run, one after the other, and variables that Dawn needs to find the driver. */
export interface Preparation {
  commands: string[][];
  /** A driver's manifest that is to be written to this file. */
  manifest?: { variable: string; content: string };
}

/** Folders in which the Vulkan loader looks for drivers (https://github.com/KhronosGroup/Vulkan-Loader, LoaderDriverInterface.md). */
const MANIFESTS = ['/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/usr/share/vulkan/icd.d'];

/** NVIDIA's driver, of which `libGLX_nvidia.so.0` has Vulkan; the version is the least that it claims. */
const NVIDIA_MANIFEST = `${JSON.stringify(
  { file_format_version: '1.0.1', ICD: { library_path: 'libGLX_nvidia.so.0', api_version: '1.3.0' } },
  undefined,
  2,
)}\n`;

/**
 * What is missing. On macOS and Windows nothing is: Metal and Direct3D are parts of them.
 *
 * @throws UserError where a program cannot get what is missing
 */
export async function preparationFor(machine: Machine): Promise<Preparation> {
  if (machine.platform !== 'linux') return { commands: [] };
  const libraries = (await machine.run('ldconfig', ['-p'])) ?? '';
  const packages: string[] = [];
  if (!libraries.includes('libvulkan.so.1')) packages.push('libvulkan1');
  if ((await machine.run('g++', ['--version'])) === undefined) packages.push('g++');
  const commands = packages.length === 0 ? [] : installing(packages, machine);
  if ((await machine.run('nvidia-smi', ['-L'])) === undefined) return { commands }; // Mesa's drivers come with their manifests
  const named = ['nvidia_icd.json', 'nvidia_icd.x86_64.json', 'nvidia_icd.aarch64.json'];
  if (MANIFESTS.some((folder) => named.some((name) => machine.exists(`${folder}/${name}`)))) return { commands };
  if (!libraries.includes('libGLX_nvidia.so.0')) {
    throw new UserError({
      what: 'NVIDIA’s driver is here without its part for graphics, and with that without Vulkan',
      expected: 'libGLX_nvidia.so.0 among the libraries that `ldconfig -p` lists',
      found: 'nvidia-smi, which computes by CUDA alone',
      fix: 'in a container, start it with NVIDIA_DRIVER_CAPABILITIES=all; else install the driver with its libraries for GL',
    });
  }
  return { commands, manifest: { variable: 'VK_DRIVER_FILES', content: NVIDIA_MANIFEST } };
}

/** @throws UserError where packages are missing that this program cannot install */
function installing(packages: readonly string[], { install }: Machine): string[][] {
  if (install !== undefined) {
    return [
      [...install, 'apt-get', 'update'],
      [...install, 'apt-get', 'install', '-y', '--no-install-recommends', ...packages],
    ];
  }
  throw new UserError({
    what: `packages are missing that need an administrator: ${packages.join(', ')}`,
    expected: 'apt-get, and root or sudo without a password',
    fix: `apt-get install ${packages.join(' ')} (Fedora: vulkan-loader, gcc-c++), and the same command again`,
  });
}
