/** @file What a text is asked for with: parameters of generation, and what its form has to be. */
import type * as z from 'zod';
import { UserError } from '@arrowsmith/errors';
import { type GenerationParameters, generationParameters } from '../sampling/index.ts';

/** How a text is generated; what is left out has the default of `generationParameters`. */
export interface TextOptions extends z.input<typeof generationParameters> {
  /** Stops between two tokens. */
  signal?: AbortSignal | undefined;
  /** Tell log-probabilities of the tokens, and of so many most likely ones beside each. */
  logProbabilities?: number | undefined;
  /** The text is JSON of a value that this JSON schema accepts. */
  jsonSchema?: unknown;
  /** The text is what this regular expression matches as a whole. */
  regularExpression?: string | undefined;
  /** Tokens of thought at most, where the model thinks between tags; 0: none. */
  thinkingTokens?: number | undefined;
}

/** Options as they are used: parameters apart from the rest. */
export interface ParsedOptions extends Omit<TextOptions, keyof GenerationParameters> {
  parameters: GenerationParameters;
}

/** @throws UserError for an unknown option, and for a value that one cannot have */
export function parseTextOptions(options: TextOptions): ParsedOptions {
  if (typeof options !== 'object' || options === null) throw wrong('an object', String(options));
  const { signal, logProbabilities, jsonSchema, regularExpression, thinkingTokens, ...rest } = options;
  const counts = { logProbabilities, thinkingTokens };
  for (const [name, count] of Object.entries(counts)) {
    if (count !== undefined && !(Number.isSafeInteger(count) && count >= 0)) {
      throw wrong(`${name}: a whole number of at least 0`, String(count));
    }
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrong('signal: an AbortSignal', typeof signal);
  if (regularExpression !== undefined && typeof regularExpression !== 'string') {
    throw wrong('regularExpression: a string', typeof regularExpression);
  }
  if (jsonSchema !== undefined && regularExpression !== undefined) {
    throw wrong('jsonSchema or regularExpression', 'both');
  }
  const parsed = generationParameters.safeParse(rest);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw wrong(`${[...(issue?.path ?? []), issue?.message].join(': ')}`, JSON.stringify(rest));
  }
  return { parameters: parsed.data, signal, logProbabilities, jsonSchema, regularExpression, thinkingTokens };
}

function wrong(expected: string, found: string): UserError {
  return new UserError({
    what: 'a text cannot be generated with these options',
    expected,
    found,
    fix: 'docs/generation.md lists them',
  });
}
