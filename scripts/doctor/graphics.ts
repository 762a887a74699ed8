/** @file What was measured of a graphics processor, by which `auto` chooses, and what a training could be asked to take instead. */
import { nativeBuild } from '@arrowsmith/backend-native/build';
import { type Engine, onGraphics, resolveEngine } from '@arrowsmith/engine/resolve';
import {
  type KeptSpeeds,
  machineDigest,
  mayHaveAdapter,
  measureBackends,
  readSpeeds,
  type Speed,
  speedsFile,
} from '@arrowsmith/engine/speed';
import { type Finding, finding } from './finding.ts';

/**
 * The speeds that are kept, measured where there are none; undefined where there can be no graphics processor.
 *
 * @param again measures in any case; what says the same stays
 */
export function findSpeeds(again: boolean): KeptSpeeds | undefined {
  if (!mayHaveAdapter()) return undefined;
  const native = nativeBuild();
  const kept = again ? undefined : readSpeeds(speedsFile(machineDigest(native)));
  return kept ?? measureBackends(native);
}

/** Nothing is said where there can be no graphics processor. */
export function checkSpeeds(kept: KeptSpeeds | undefined): Finding[] {
  if (kept === undefined) return [];
  const anew = 'measured anew with npm run doctor -- --measure';
  if (kept.adapter === null)
    return [finding('ok', 'auto', 'takes no graphics processor', `${kept.reason ?? 'there is none'}; ${anew}`)];
  const rates = Object.entries(kept.speeds).map(([name, speed]) => `${name} ${describeSpeed(speed)}`);
  const means = `${rates.join('; ')}: by it, measured ${kept.measured} and kept, auto chooses for each model; ${anew}`;
  return [finding('ok', 'auto', `may take ${kept.adapter.name}`, means)];
}

/** `2,400 GFLOP/s, 120 GB/s, 50 µs a kernel`. */
export function describeSpeed({ products, bandwidth, kernel }: Speed): string {
  const giga = (rate: number): string => Number((rate / 1e9).toPrecision(3)).toLocaleString('en-US');
  return `${giga(Math.max(...products))} GFLOP/s, ${giga(bandwidth)} GB/s, ${(1e6 * kernel).toPrecision(2)} µs a kernel`;
}

/**
 * Where there is a graphics processor, the engine that a training would have on it, or without it where that was chosen.
 *
 * @param train parameters of the training
 */
export function otherEngine(
  kept: KeptSpeeds | undefined,
  engine: Engine,
  train: Readonly<Record<string, unknown>>,
): Engine | undefined {
  const adapter = kept?.adapter;
  if (adapter == null || adapter.isSoftware) return undefined;
  if (engine.backend !== 'webgpu') return onGraphics(adapter, 'f32');
  const precision = train['precision'] as 'auto' | 'f32' | 'bf16' | undefined;
  return resolveEngine({ backend: 'auto', precision }); // without the work of a step, which is what it is chosen for
}
