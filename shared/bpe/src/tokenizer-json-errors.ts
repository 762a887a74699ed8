/** @file Errors of reading tokenizer.json. */

import { UserError } from '@arrowsmith/errors';

/** The file is well-formed, but asks for what {@link BpeModel} does not express. */
export function unsupported(found: string, where: string): UserError {
  return new UserError({
    what: 'this tokenizer.json is not of a supported kind',
    where,
    expected:
      'a byte-level BPE tokenizer like those of GPT-2, Llama 3 and Qwen (docs/tokenizer.md says what is supported)',
    found,
    fix: 'use a tokenizer of that kind, or train one',
  });
}

/** The file is not what any tokenizer is. */
export function damaged(expected: string, found: string, where: string): UserError {
  return new UserError({
    what: 'this tokenizer.json is damaged',
    where,
    expected,
    found,
    fix: 'download or write the file again',
  });
}

/** A value of the file as a short text. */
export function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? 'nothing';
  return json.length <= 160 ? json : `${json.slice(0, 160)} ...`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
