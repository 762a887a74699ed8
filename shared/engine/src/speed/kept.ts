/** @file Speeds that were measured on this machine, kept for all workspaces: measured once, so that the choice of a backend stays what it is. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { isAlike, type Speed, speedSchema } from './speed.ts';

const adapterSchema = z.strictObject({
  name: z.string(),
  vendor: z.string(),
  architecture: z.string(),
  driver: z.string(),
  isSoftware: z.boolean(),
});

const keptSchema = z.strictObject({
  format: z.literal(2),
  /** The day of the measurement. */
  measured: z.string(),
  /** Null where there is no graphics processor, or none that may be chosen. */
  adapter: adapterSchema.nullable(),
  /** Why there is none. */
  reason: z.string().optional(),
  /** Whether there is one that could not be measured. */
  failed: z.boolean().optional(),
  /** By backend and precision: `native bf16`. Empty without an adapter. */
  speeds: z.record(z.string(), speedSchema),
});

export type KeptSpeeds = z.infer<typeof keptSchema>;

/** The file for a machine. */
export function speedsFile(machine: string, env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'arrowsmith', `speeds-${machine}.json`);
}

/** What is kept; undefined where there is nothing, or nothing that is understood. */
export function readSpeeds(file: string): KeptSpeeds | undefined {
  try {
    return keptSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined; // measured anew
  }
}

/**
 * Keeps what was measured, whole or not at all. Of a measurement that says what the one before said, that one stays.
 *
 * @returns what is kept now
 */
export function keepSpeeds(file: string, speeds: KeptSpeeds): KeptSpeeds {
  const before = readSpeeds(file);
  if (before !== undefined && saysTheSame(before, speeds)) return before;
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(speeds, null, 2)}\n`);
  renameSync(draft, file);
  return speeds;
}

/** Lets go what turned out to be of another machine. */
export function forgetSpeeds(file: string): void {
  rmSync(file, { force: true });
}

function saysTheSame(a: KeptSpeeds, b: KeptSpeeds): boolean {
  const names = ({ speeds }: KeptSpeeds): string => Object.keys(speeds).sort().join();
  const aboutAdapter = ({ adapter, reason, failed }: KeptSpeeds): string => JSON.stringify([adapter, reason, failed]);
  if (aboutAdapter(a) !== aboutAdapter(b) || names(a) !== names(b)) return false;
  return Object.entries(a.speeds).every(([name, speed]) => isAlike(speed, b.speeds[name] as Speed));
}
