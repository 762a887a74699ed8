/**
 * @file Measures the graphics processor beside the backend that would be taken otherwise, each in a process of its own, and keeps what it found: once for a
 * machine, in two or three seconds.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { NativeBuild } from '@arrowsmith/backend-native/build';
import * as z from 'zod';
import { findAdapter } from '../find-adapter.ts';
import { type BackendName, type Precision, resolveBackend } from '../resolve.ts';
import { type KeptSpeeds, keepSpeeds, readSpeeds, speedsFile } from './kept.ts';
import { machineDigest } from './machine.ts';
import { type Speed, speedSchema } from './speed.ts';

/** A driver that takes longer does not work. */
const PATIENCE_MS = 60_000;

/** Measures in a process of its own, where a driver that crashes takes nothing with it. @throws Error where that fails */
export function measureApart(backend: BackendName, precisions: readonly Precision[]): Record<string, Speed> {
  const script = join(import.meta.dirname, 'measure-process.ts');
  const { status, error, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', script, backend, ...precisions],
    {
      encoding: 'utf8',
      timeout: PATIENCE_MS,
    },
  );
  if (status === 0) return z.record(z.string(), speedSchema).parse(JSON.parse(stdout.trim().split('\n').at(-1)!));
  throw new Error(error?.message ?? /^(?:error: |\w*Error: )(.*)/m.exec(stderr)?.[1] ?? 'it ends early');
}

/** How it is found out, for tests. */
export interface Measuring {
  find?: typeof findAdapter;
  measure?: typeof measureApart;
  env?: NodeJS.ProcessEnv;
}

/** @returns what is kept now: no adapter where there is none, where it is a program that stands in for one, or where it cannot be measured */
export function measureBackends(
  native: NativeBuild,
  { find = findAdapter, measure = measureApart, env = process.env }: Measuring = {},
): KeptSpeeds {
  const file = speedsFile(machineDigest(native, env), env);
  const measured = new Date().toISOString().slice(0, 10);
  const without = (reason: string, failed = false) =>
    keepSpeeds(file, { format: 2, measured, adapter: null, reason, failed, speeds: {} });
  const found = find();
  if (!found.isThere) return without(found.reason);
  if (found.isSoftware) return without(`${found.name} is a program that stands in for a graphics processor`);
  const { isThere: _, features: __, ...adapter } = found;
  const other = resolveBackend('auto', () => native);
  const precisions: Precision[] = other === 'native' && native.available && native.bf16 ? ['f32', 'bf16'] : ['f32'];
  try {
    const speeds = { ...measure('webgpu', ['f32']), ...measure(other, precisions) };
    return keepSpeeds(file, { format: 2, measured, adapter, speeds });
  } catch (error) {
    const before = readSpeeds(file);
    if (before?.adapter?.name === adapter.name && before.adapter.driver === adapter.driver) return before; // it could be measured once
    return without(`${adapter.name} could not be measured: ${(error as Error).message}`, true);
  }
}
