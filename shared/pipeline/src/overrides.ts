/** @file Parameters changed from outside a pipeline file: `PIPELINE_SET=train.steps=200,…` and `--steps=200`. */
import { UserError } from '@arrowsmith/errors';
import type { JsonObject } from './stage.ts';

/** One changed parameter, e.g. path `['train', 'optimizer', 'learningRate']`, value `0.001`. */
export interface Override {
  path: string[];
  value: unknown;
  /** How it was written, for messages. */
  written: string;
  /** Whether it was a flag without a value, which stands for true. */
  isBare?: boolean;
}

/** Changed parameters by their paths: `train.optimizer.learningRate`. */
export type Changes = Record<string, unknown>;

/** Of several values of a parameter the last one, which is the one that is applied. */
export const changesOf = (overrides: readonly Override[]): Changes =>
  Object.fromEntries(overrides.map(({ path, value }) => [path.join('.'), value]));

/** Parses `train.steps=200,train.optimizer.learningRate=1e-3`. A comma only separates where a new `stage.parameter=` follows. */
export function parsePipelineSet(text: string): Override[] {
  if (text.trim() === '') return [];
  const overrides = text.split(/,(?=\s*[\w-]+(?:\.[\w-]+)+=)/).map((part) => {
    const override = parseAssignment(part.trim());
    if (override === undefined || override.path.length < 2) {
      throw new UserError({
        what: `PIPELINE_SET does not read "${part}"`,
        expected: 'stage.parameter=value, several separated by commas',
        found: part,
        fix: 'for example PIPELINE_SET=train.steps=200,train.optimizer.learningRate=1e-3',
      });
    }
    return { ...override, written: `PIPELINE_SET ${override.written}` };
  });
  refuseRepeats(overrides);
  return overrides;
}

/** Parses `--steps=200` or `--optimizer.learningRate=1e-3` (also `--steps 200`, and `--flag` for true). */
export function parseFlags(args: readonly string[]): Override[] {
  const overrides: Override[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (!arg.startsWith('--')) {
      throw new UserError({
        what: `"${arg}" is not understood here`,
        expected: 'parameters as --name=value',
        found: arg,
        fix: 'for example npx nx run train:tinystories --steps=200',
      });
    }
    const next = args[i + 1];
    let written = arg.slice(2);
    if (!written.includes('=') && next !== undefined && !next.startsWith('--')) written += `=${args[++i]}`;
    const isBare = !written.includes('=');
    const assignment = parseAssignment(isBare ? `${written}=true` : written)!;
    overrides.push({ ...assignment, written: `--${written}`, ...(isBare ? { isBare } : {}) });
  }
  refuseRepeats(overrides);
  return overrides;
}

/** The last one would win, and nobody would know. @throws UserError for a parameter that has two values */
function refuseRepeats(overrides: readonly Override[]): void {
  const first = new Map<string, string>();
  for (const { path, written } of overrides) {
    const name = path.join('.');
    const other = first.get(name) ?? written;
    first.set(name, other);
    if (other === written) continue;
    throw new UserError({
      what: `${name} has two values`,
      expected: 'each parameter once',
      found: `${other} ${written}`,
      fix: 'leave one of them out',
    });
  }
}

function parseAssignment(text: string): Override | undefined {
  const match = /^([\w-]+(?:\.[\w-]+)*)=(.*)$/s.exec(text);
  if (match === null) return undefined;
  const path = match[1]!.split('.');
  if (path.includes('__proto__')) throw noParameter(text);
  return { path, value: parseValue(match[2]!, text), written: text };
}

/** A value as JSON where it is JSON (numbers, true, null, lists, objects), else as text. */
function parseValue(text: string, written: string): unknown {
  try {
    return JSON.parse(text, (key, value: unknown) => {
      if (key === '__proto__') throw noParameter(written);
      return value;
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    return text;
  }
}

/** In JavaScript, this key of an object is what it shares with all others: a value set there would be set everywhere. */
const noParameter = (written: string): UserError =>
  new UserError({
    what: '"__proto__" is no parameter',
    found: written,
    expected: 'the name of a parameter',
    fix: 'for example train.steps=200',
  });

/** A deep copy of `parameters` with the values set; intermediate objects are made as needed. */
export function applyOverrides(parameters: JsonObject, overrides: readonly Override[]): JsonObject {
  const result = structuredClone(parameters);
  for (const { path, value } of overrides) {
    let at: JsonObject = result;
    for (const key of path.slice(0, -1)) {
      if (!Object.hasOwn(at, key) || !isObject(at[key])) at[key] = {};
      at = at[key] as JsonObject;
    }
    at[path.at(-1)!] = value;
  }
  return result;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
