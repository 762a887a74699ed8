/** @file JSON with one spelling per value: keys sorted, so that equal content has equal bytes and an equal digest. */
import { createHash } from 'node:crypto';

export type Json = string | number | boolean | null | undefined | Json[] | { [key: string]: Json };

/** Serializes with object keys in code-point order; `undefined` members are left out. */
export function canonicalJson(value: Json, indent = 0): string {
  return JSON.stringify(sortKeys(value), null, indent);
}

function sortKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== 'object') return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sortKeys(value[key])]));
}

/** The SHA-256 of a value's canonical JSON, in hexadecimal. */
export function digestOf(value: Json): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
