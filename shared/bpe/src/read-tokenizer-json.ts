/** @file Reads tokenizer.json files of byte-level BPE tokenizers (GPT-2's, Llama 3's and Qwen's kinds). */

import { UserError } from '@arrowsmith/errors';
import { z } from 'zod';
import { BYTE_CHARACTERS, unspellBytes } from './byte-alphabet.ts';
import type { BpeModel, SpecialToken } from './model.ts';
import { LLAMA3_REGEX, QWEN2_REGEX, type PreTokenPattern } from './patterns.ts';

const nothing = z.union([z.null(), z.literal('')]).optional();

/** The `model` section of a byte-level BPE tokenizer. */
const bpeSection = z.looseObject({
  type: z.literal('BPE').optional(),
  dropout: z.null().optional(),
  // Never used: every byte is a token.
  unk_token: z.string().nullish(),
  continuing_subword_prefix: nothing,
  end_of_word_suffix: nothing,
  byte_fallback: z.literal(false).optional(),
  ignore_merges: z.boolean().optional(),
  // Not a z.record, which would drop a token that is spelled "__proto__".
  vocab: z.custom<Record<string, unknown>>((value) => isRecord(value), 'not an object'),
  merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
});

const addedToken = z.looseObject({
  id: z.int().min(0),
  content: z.string().min(1),
  special: z.boolean().default(false),
  normalized: z.boolean().optional(),
  single_word: z.literal(false).optional(),
  lstrip: z.literal(false).optional(),
  rstrip: z.literal(false).optional(),
});

const byteLevel = z.looseObject({
  type: z.literal('ByteLevel'),
  add_prefix_space: z.literal(false),
  use_regex: z.boolean().default(true),
});

/** Llama 3's and Qwen's: a regular expression cuts, then bytes are spelled. */
const splitAndByteLevel = z.looseObject({
  type: z.literal('Sequence'),
  pretokenizers: z.tuple([
    z.looseObject({
      type: z.literal('Split'),
      pattern: z.looseObject({ Regex: z.enum([LLAMA3_REGEX, QWEN2_REGEX]) }),
      behavior: z.literal('Isolated'),
      invert: z.literal(false).optional(),
    }),
    byteLevel.extend({ use_regex: z.literal(false) }),
  ]),
});

const nfc = z.looseObject({ type: z.literal('NFC') });

const byteLevelDecoder = z.looseObject({ type: z.literal('ByteLevel') });

const fileSections = z.looseObject({
  added_tokens: z.array(z.unknown()).default([]),
  normalizer: z.unknown().optional(),
  pre_tokenizer: z.unknown().optional(),
  decoder: z.unknown().optional(),
  model: z.looseObject({ type: z.string().optional(), byte_fallback: z.boolean().nullish() }),
});

/**
 * The model that a tokenizer.json describes. What only concerns offsets, truncation, padding, or tokens that are added around
 * a text (`post_processor`) is not part of the model.
 *
 * @param text content of the file.
 * @param where the file's path or address, for error messages.
 * @throws UserError where the file is damaged, or of a kind that {@link BpeModel} does not express: other models than BPE
 *   (Unigram, WordPiece ...), SentencePiece-style BPE, normalizers other than NFC, other pre-tokenizers, added tokens that take the space around them.
 */
export function fromTokenizerJson(text: string, where: string): BpeModel {
  const file = parseSection(fileSections, parseJson(text, where), 'the file', where);
  if ((file.model.type ?? 'BPE') !== 'BPE') throw unsupported(`a ${file.model.type} model`, where);
  if (file.model.byte_fallback === true) throw unsupported('SentencePiece-style BPE (byte_fallback)', where);
  const normalizer = nfc.safeParse(file.normalizer).success ? 'NFC' : undefined;
  if (normalizer === undefined && file.normalizer !== null && file.normalizer !== undefined) {
    throw unsupported(`the normalizer ${kindOf(file.normalizer)}`, where);
  }
  const pattern = readPattern(file.pre_tokenizer);
  if (pattern === undefined) throw unsupported(`the pre-tokenizer ${kindOf(file.pre_tokenizer)}`, where);
  if (!byteLevelDecoder.safeParse(file.decoder).success) {
    throw unsupported(`the decoder ${kindOf(file.decoder)}`, where);
  }

  const section = parseSection(bpeSection, file.model, 'model', where);
  const added = file.added_tokens
    .map((token, index) => {
      const parsed = parseSection(addedToken, token, `added_tokens[${index}]`, where);
      // Such a token is looked for in the normalized text; ours are, like Qwen's own, looked for in the text as it is.
      if (normalizer === undefined || parsed.normalized !== true) return parsed;
      throw unsupported(`added_tokens[${index}]: normalized, beside the normalizer ${normalizer}`, where);
    })
    .sort((a, b) => a.id - b.id);
  const kept = (isSpecial: boolean): SpecialToken[] =>
    added.filter((token) => token.special === isSpecial).map(({ id, content }) => ({ id, content }));
  const addedTokens = kept(false);

  const special = new Set(added.map(({ content }) => content));
  const ids = readIds(section.vocab, added, where);
  const vocabulary = readVocabulary(ids, special, where);
  const merges = section.merges.map((merge, rank): [left: number, right: number] => {
    const [left = '', right = '', ...more] = typeof merge === 'string' ? merge.split(' ') : merge;
    const learned = [left, right, left + right].every((token) => ids.has(token) && !special.has(token));
    if (learned && more.length === 0) return [ids.get(left)!, ids.get(right)!];
    throw damaged(`model.merges[${rank}]: two tokens of model.vocab that make a third`, JSON.stringify(merge), where);
  });

  const missing = BYTE_CHARACTERS.findIndex((character) => !ids.has(character) || special.has(character));
  if (missing >= 0) throw unsupported(`a vocabulary without the byte ${missing}`, where);
  return {
    pattern,
    specialTokens: kept(true),
    vocabulary,
    merges,
    ...(addedTokens.length > 0 && { addedTokens }),
    ...(normalizer !== undefined && { normalizer }),
    ...(section.ignore_merges === true && { ignoreMerges: true }),
  };
}

/** Ids by spelling; each id from 0 on is taken once. */
function readIds(
  vocab: Record<string, unknown>,
  specialTokens: readonly SpecialToken[],
  where: string,
): Map<string, number> {
  const ids = new Map<string, number>();
  for (const [spelling, id] of Object.entries(vocab)) ids.set(spelling, id as number);
  for (const { content, id } of specialTokens) {
    if ((ids.get(content) ?? id) !== id) {
      throw damaged(
        `one id for ${JSON.stringify(content)}`,
        `${id} in added_tokens, ${ids.get(content)} in vocab`,
        where,
      );
    }
    ids.set(content, id);
  }
  const taken = new Uint8Array(ids.size);
  for (const [spelling, id] of ids) {
    if (!Number.isInteger(id) || id < 0 || id >= ids.size || taken[id] === 1) {
      throw damaged(`each of ${ids.size} ids once, from 0 on`, `${JSON.stringify(spelling)}: ${id}`, where);
    }
    taken[id] = 1;
  }
  return ids;
}

/** Bytes by id. */
function readVocabulary(ids: ReadonlyMap<string, number>, special: ReadonlySet<string>, where: string): Uint8Array[] {
  const utf8 = new TextEncoder();
  const vocabulary: Uint8Array[] = Array.from({ length: ids.size });
  for (const [spelling, id] of ids) {
    const bytes = special.has(spelling) ? utf8.encode(spelling) : unspellBytes(spelling);
    if (bytes === undefined) {
      throw unsupported(`a token that is not spelled in bytes, ${JSON.stringify(spelling)} (id ${id})`, where);
    }
    vocabulary[id] = bytes;
  }
  return vocabulary;
}

function readPattern(preTokenizer: unknown): PreTokenPattern | undefined {
  const single = byteLevel.safeParse(preTokenizer);
  if (single.success) return single.data.use_regex ? 'gpt2' : 'none';
  const split = splitAndByteLevel.safeParse(preTokenizer);
  if (!split.success) return undefined;
  return split.data.pretokenizers[0].pattern.Regex === LLAMA3_REGEX ? 'llama3' : 'qwen2';
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw damaged('a JSON file', cause instanceof Error ? cause.message : String(cause), where);
  }
}

function parseSection<T>(schema: z.ZodType<T>, value: unknown, name: string, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw unsupported(`${[name, ...issue.path].join('.')}: ${issue.message}`, where);
}

/** A component of the file as a short text. */
function kindOf(component: unknown): string {
  const json = JSON.stringify(component) ?? 'that is missing';
  return json.length <= 160 ? json : `${json.slice(0, 160)} ...`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unsupported(found: string, where: string): UserError {
  return new UserError({
    what: 'this tokenizer.json is not of a supported kind',
    where,
    expected: 'a byte-level BPE tokenizer like those of GPT-2, Llama 3 and Qwen',
    found,
    fix: 'use a tokenizer of that kind, or train one',
  });
}

function damaged(expected: string, found: string, where: string): UserError {
  return new UserError({
    what: 'this tokenizer.json is damaged',
    where,
    expected,
    found,
    fix: 'download or write the file again',
  });
}
