/** @file The parameters of generation as people write them: on a command line, or in a conversation. */
import { nearest, UserError } from '@arrowsmith/errors';
import type { TextOptions } from '@arrowsmith/generation';
import { text, texts } from '@arrowsmith/pipeline/cli';
import { type Limits, readNumber } from './values.ts';

/** A parameter that is a number. */
interface NumberOption {
  about: string;
  limits: Limits;
  /** What holds without it, as people say it; the value, where it is another than that of the library. */
  preset: string;
  value?: number;
}

const SEED = { least: 0, most: 2 ** 31 - 1, whole: true };
const PENALTY = { least: -2, most: 2 };

const NUMBERS = {
  temperature: {
    about: 'Divides the logits: higher is more surprising; 0 takes the most likely token.',
    limits: { least: 0 },
    preset: '0.8',
    value: 0.8,
  },
  topK: {
    about: 'Choose among this many most likely tokens; 0: among all.',
    limits: { least: 0, whole: true },
    preset: '0',
  },
  topP: {
    about: 'Choose among the fewest most likely tokens whose probabilities sum to at least this.',
    limits: { above: 0, most: 1 },
    preset: '0.9',
    value: 0.9,
  },
  minP: {
    about: 'Choose among tokens with at least this share of the largest probability; 0: among all.',
    limits: { least: 0, most: 1 },
    preset: '0',
  },
  repetitionPenalty: {
    about: 'Divides positive logits of tokens of prompt and text, and multiplies negative ones; 1: none.',
    limits: { above: 0 },
    preset: '1',
  },
  presencePenalty: {
    about: 'Is subtracted from the logit of each token that the text has.',
    limits: PENALTY,
    preset: '0',
  },
  frequencyPenalty: {
    about: 'Is subtracted from the logit of a token as often as the text has it.',
    limits: PENALTY,
    preset: '0',
  },
  seed: { about: 'Seed of the choice: the same seed, the same text.', limits: SEED, preset: 'another each time' },
  length: {
    about: 'Tokens at most.',
    limits: { least: 1, whole: true },
    preset: 'until the context is full',
    value: Number.MAX_SAFE_INTEGER,
  },
  minimumTokens: { about: 'Tokens before the text may end.', limits: { least: 0, whole: true }, preset: '0' },
} as const satisfies Record<string, NumberOption>;

type NumberName = keyof typeof NUMBERS;

const NAMES = Object.keys(NUMBERS) as NumberName[];

const numberOptions = Object.fromEntries(
  NAMES.map((name) => [name, text(NUMBERS[name].about, 'number', NUMBERS[name].preset)]),
) as Record<NumberName, ReturnType<typeof text>>;

/** For a command line. */
export const samplingOptions = {
  ...numberOptions,
  stop: texts('A string that ends the text, and is no part of it; \\n is a line break.', 'text'),
  logitBias: text('What is added to the logits of tokens, by their ids: \'{"11": -100}\'.', 'json'),
} as const;

/** What stands on a command line; all of it is text. */
export type WrittenSampling = Partial<Record<NumberName | 'logitBias', string | undefined>> & {
  stop?: string[] | undefined;
};

/** Options of a text by the names that the library gives them. @throws UserError for a value that one cannot have */
export function readSampling(written: WrittenSampling): TextOptions {
  const { stop = [], logitBias } = written;
  const { length, ...numbers } = Object.fromEntries(
    NAMES.flatMap((name) => {
      const { limits, value }: NumberOption = NUMBERS[name];
      const read = readNumber(name, written[name], limits) ?? value;
      return read === undefined ? [] : [[name, read]];
    }),
  );
  return {
    ...numbers,
    maximumTokens: length,
    stop: stop.map(unescaped),
    ...(logitBias === undefined ? {} : { logitBias: readBias(logitBias) }),
  };
}

/** The name that is meant. @throws UserError where there is no such parameter */
export function parameterName(name: string, others: readonly string[] = []): NumberName | 'stop' | 'logitBias' {
  const known = [...NAMES, 'stop', 'logitBias'] as const;
  const found = known.find((each) => each.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const [near] = nearest(name, [...known, ...others]);
  throw new UserError({
    what: `there is no setting ${name}`,
    expected: [...known, ...others].join(', '),
    found: name,
    ...(near === undefined ? {} : { fix: `did you mean ${near}?` }),
  });
}

/** What holds without a value, as people say it. */
export const presetOf = (name: string): string => (NUMBERS as Record<string, NumberOption>)[name]?.preset ?? 'none';

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', '\\': '\\' };

/** Shells and lines of input have no line breaks. */
const unescaped = (written: string): string =>
  written.replaceAll(/\\([nt\\])/g, (_, letter: string) => ESCAPES[letter] ?? letter);

function readBias(written: string): Record<string, number> {
  try {
    const value: unknown = JSON.parse(written);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, number>;
  } catch {
    // told below
  }
  throw new UserError({
    what: '--logitBias is not understood',
    expected: 'a JSON object of numbers by token ids',
    found: written,
    fix: `for example --logitBias='{"11": -100}'`,
  });
}
