/** @file Nested values laid flat, and those of several runs side by side. */
import type { ValueComparison } from './comparison.ts';

/** `{ optimizer: { learningRate: 1 } }` → `optimizer.learningRate` → 1. Lists are values. */
export function flatten(value: unknown, prefix = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new Map(prefix === '' ? [] : [[prefix, value]]);
  const inner = Object.entries(value).map(([key, each]) => flatten(each, prefix === '' ? key : `${prefix}.${key}`));
  return new Map(inner.flatMap((entries) => [...entries]));
}

/**
 * The paths at which not all have the same value. An absent value is `undefined` going in and `null` coming out; what is wholly `undefined` differs
 * from nothing.
 */
export function differingValues(step: string, all: readonly unknown[]): ValueComparison[] {
  const flat = all.map((value) => (value === undefined ? undefined : flatten(value)));
  const paths = new Set(flat.flatMap((values) => [...(values?.keys() ?? [])]));
  return [...paths].flatMap((path) => {
    const values = flat.map((each) => each?.get(path) ?? null);
    const present = values.filter((_, i) => flat[i] !== undefined);
    return new Set(present.map((value) => JSON.stringify(value))).size > 1 ? [{ step, path, values }] : [];
  });
}
