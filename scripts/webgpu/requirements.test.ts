import { expect, test } from 'vitest';
import { type Machine, preparationFor } from './requirements.ts';

const LIBRARIES =
  'libvulkan.so.1 (libc6) => /lib/libvulkan.so.1\nlibGLX_nvidia.so.0 (libc6) => /lib/libGLX_nvidia.so.0';

/** A machine where these programs print something. */
const machine = (programs: Record<string, string>, changes: Partial<Machine> = {}): Machine => ({
  platform: 'linux',
  install: [],
  run: async (command) => programs[command],
  exists: () => false,
  ...changes,
});

test('macOS and Windows need nothing, and Linux nothing where loader and manifest are', async () => {
  expect(await preparationFor(machine({}, { platform: 'darwin' }))).toEqual({ commands: [] });
  const all = { ldconfig: LIBRARIES, 'g++': '12', 'nvidia-smi': 'GPU 0' };
  const exists = (path: string): boolean => path === '/etc/vulkan/icd.d/nvidia_icd.json';
  expect(await preparationFor(machine(all, { exists }))).toEqual({ commands: [] });
});

test('a missing loader and compiler are installed, by sudo where that is how', async () => {
  const { commands } = await preparationFor(machine({ ldconfig: '' }, { install: ['sudo', '-n'] }));
  expect(commands.map((words) => words.join(' '))).toEqual([
    'sudo -n apt-get update',
    'sudo -n apt-get install -y --no-install-recommends libvulkan1 g++',
  ]);
});

test('a driver of NVIDIA that no manifest tells of gets one', async () => {
  const { manifest } = await preparationFor(machine({ ldconfig: LIBRARIES, 'g++': '12', 'nvidia-smi': 'GPU 0' }));
  expect(manifest?.variable).toBe('VK_DRIVER_FILES');
  expect(JSON.parse(manifest!.content)).toMatchObject({ ICD: { library_path: 'libGLX_nvidia.so.0' } });
});

test('what this program cannot get is an error that says what to do', async () => {
  const onlyCuda = machine({ ldconfig: 'libvulkan.so.1', 'g++': '12', 'nvidia-smi': 'GPU 0' });
  await expect(preparationFor(onlyCuda)).rejects.toThrow(/without Vulkan[^]*NVIDIA_DRIVER_CAPABILITIES=all/);
  const ofAnother = machine({ 'g++': '12' }, { install: undefined });
  await expect(preparationFor(ofAnother)).rejects.toThrow(/libvulkan1[^]*apt-get install libvulkan1/);
});
