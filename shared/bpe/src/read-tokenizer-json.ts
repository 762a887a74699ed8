/** @file Reads tokenizer.json files of byte-level BPE tokenizers (GPT-2's, Llama 3's and Qwen's kinds). */

import * as z from 'zod';
import { BYTE_CHARACTERS, unspellBytes } from './byte-alphabet.ts';
import { normalizeText, type NormalizerStep } from './normalizer.ts';
import type { AddedToken, BpeModel } from './model.ts';
import { type FileToken, readAddedTokens } from './read-added-tokens.ts';
import { tokensBeforeText } from './read-post-processor.ts';
import { readNormalizer, readPreTokenizer } from './read-pre-tokenizer.ts';
import { damaged, isRecord, shown, unsupported } from './tokenizer-json-errors.ts';
import { UTF8 } from './utf8.ts';

/** Ids are less than this: eight times what the largest published vocabularies have, and few enough to be listed. */
const MOST_IDS = 2 ** 21;
/** Stands for ids that no token has. */
const UNUSED = new Uint8Array(0);

const fileSections = z.looseObject({
  added_tokens: z.custom<unknown[]>((value) => Array.isArray(value), 'not a list').default([]),
  normalizer: z.unknown().optional(),
  pre_tokenizer: z.unknown().optional(),
  post_processor: z.unknown().optional(),
  decoder: z.unknown().optional(),
  model: z.looseObject({ type: z.string().optional() }),
});

/** The `model` section. Vocabulary and merges are checked by hand, as they may be large. */
const bpeSection = z.looseObject({
  dropout: z.number().nullish(),
  // Never used: every byte is a token. `byte_fallback` neither.
  unk_token: z.string().nullish(),
  byte_fallback: z.boolean().nullish(),
  continuing_subword_prefix: z.string().nullish(),
  end_of_word_suffix: z.string().nullish(),
  ignore_merges: z.boolean().nullish(),
  // Not a z.record, which would drop a token that is spelled "__proto__".
  vocab: z.custom<Record<string, unknown>>((value) => isRecord(value), 'not an object'),
  merges: z.custom<unknown[]>((value) => Array.isArray(value), 'not a list'),
});

/**
 * The model that a tokenizer.json describes: it gives the ids that Hugging Face's tokenizers give without tokens that are added
 * around a text (`post_processor`), without truncation and padding. Ids are those of the file, which may leave some unused.
 *
 * @param text content of the file.
 * @param where the file's path or address, for error messages.
 * @throws UserError where the file is damaged, or of a kind that {@link BpeModel} does not express: other models than BPE
 *   (Unigram, WordPiece ...), SentencePiece-style BPE, random segmentation (`dropout`), steps of normalization or
 *   pre-tokenization that are not known; it names what that is.
 */
export function fromTokenizerJson(text: string, where: string): BpeModel {
  return readTokenizerJson(text, where).model;
}

/**
 * As {@link fromTokenizerJson}, and the special tokens that the libraries put before a text, as they are written.
 *
 * @throws UserError as that does
 */
export function readTokenizerJson(text: string, where: string): { model: BpeModel; beforeText: string[] } {
  const file = parseSection(fileSections, parseJson(text, where), 'the file', where);
  if ((file.model.type ?? 'BPE') !== 'BPE') throw unsupported(`a ${shown(file.model.type).slice(1, -1)} model`, where);
  const section = parseSection(bpeSection, file.model, 'model', where);
  checkOptions(section, where);
  const normalizers = readNormalizer(file.normalizer, where);
  const preTokenizer = readPreTokenizer(file.pre_tokenizer, where);
  if (!isRecord(file.decoder) || file.decoder['type'] !== 'ByteLevel') {
    throw unsupported(`the decoder ${shown(file.decoder)}`, where);
  }

  const added = readAddedTokens(file.added_tokens, where);
  const ids = readIds(section.vocab, added, where);
  const { merges, joined } = readMerges(section.merges, section.vocab, where);
  const ignoreMerges = section.ignore_merges === true;
  const isOrdinary = ({ content, special }: FileToken): boolean =>
    Object.hasOwn(section.vocab, content) &&
    (joined.has(ids.get(content)!) || BYTES.has(content) || (ignoreMerges && !special));
  const kept = added.map((token) => (isOrdinary(token) ? { ...token, ordinary: true } : token));
  for (const token of kept) checkSought(token, normalizers, where);
  const list = (ofSpecial: boolean): AddedToken[] =>
    kept.filter((token) => token.special === ofSpecial).map(({ special: _special, ...token }) => token);
  const addedTokens = list(false);

  const vocabulary = readVocabulary(ids, kept, where);
  const missing = BYTE_CHARACTERS.findIndex((character) => !Object.hasOwn(section.vocab, character));
  if (missing >= 0) throw unsupported(`a vocabulary without the byte ${missing}`, where);
  const model = {
    ...preTokenizer,
    specialTokens: list(true),
    vocabulary,
    merges,
    ...(addedTokens.length > 0 && { addedTokens }),
    ...(normalizers.length > 0 && { normalizers }),
    ...(ignoreMerges && { ignoreMerges }),
  };
  return { model, beforeText: tokensBeforeText(file.post_processor) };
}

const BYTES: ReadonlySet<string> = new Set(BYTE_CHARACTERS);

/** @throws UserError where the model cuts words in a way of its own */
function checkOptions(section: z.infer<typeof bpeSection>, where: string): void {
  const { dropout, continuing_subword_prefix: prefix, end_of_word_suffix: suffix, byte_fallback, vocab } = section;
  if ((dropout ?? 0) !== 0) throw unsupported(`model.dropout ${dropout}: random segmentation`, where);
  if ((prefix ?? '') !== '') throw unsupported(`model.continuing_subword_prefix ${shown(prefix)}`, where);
  if ((suffix ?? '') !== '') throw unsupported(`model.end_of_word_suffix ${shown(suffix)}`, where);
  if (byte_fallback === true && Object.hasOwn(vocab, '<0x00>')) {
    throw unsupported('SentencePiece-style BPE (model.byte_fallback, and bytes spelled like <0x00>)', where);
  }
}

/** @throws UserError where a token cannot be looked for */
function checkSought(token: FileToken & AddedToken, normalizers: readonly NormalizerStep[], where: string): void {
  const name = `the added token ${shown(token.content)} (id ${token.id})`;
  if (token.normalized === true && normalizeText(normalizers, token.content) === '') {
    throw unsupported(`${name}, of which the normalizer leaves nothing`, where);
  }
  if (token.ordinary === true && /[^\x21-\x7e]/.test(token.content)) {
    throw unsupported(`${name}: the vocabulary means other bytes by that spelling`, where);
  }
}

/** Ids by spelling; each is taken at most once. */
function readIds(vocab: Record<string, unknown>, added: readonly FileToken[], where: string): Map<string, number> {
  const ids = new Map<string, number>();
  for (const spelling in vocab) ids.set(spelling, vocab[spelling] as number);
  for (const { content, id } of added) {
    if ((ids.get(content) ?? id) !== id) {
      throw damaged(`one id for ${shown(content)}`, `${id} in added_tokens, and ${shown(ids.get(content))}`, where);
    }
    ids.set(content, id);
  }
  const taken = new Uint8Array(MOST_IDS);
  for (const [spelling, id] of ids) {
    if (!Number.isInteger(id) || id < 0) {
      throw damaged('ids from 0 on', `${shown(spelling)}: ${shown(id)}`, where);
    }
    if (id >= MOST_IDS) throw unsupported(`ids of ${MOST_IDS} or more, ${shown(spelling)}: ${id}`, where);
    if (taken[id] === 1)
      throw damaged('each id at most once', `${shown(spelling)}: ${id}, which another token has`, where);
    taken[id] = 1;
  }
  return ids;
}

/** The merges, and the ids that take part in them. */
function readMerges(
  merges: readonly unknown[],
  vocab: Readonly<Record<string, unknown>>,
  where: string,
): Pick<BpeModel, 'merges'> & { joined: ReadonlySet<number> } {
  const joined = new Set<number>();
  const idOf = (spelling: string) => (Object.hasOwn(vocab, spelling) ? (vocab[spelling] as number) : undefined);
  const read = merges.map((merge, rank): [left: number, right: number] => {
    const parts: readonly unknown[] = typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : [];
    const [left, right] = parts;
    if (parts.length === 2 && typeof left === 'string' && typeof right === 'string') {
      const [a, b, product] = [idOf(left), idOf(right), idOf(left + right)];
      if (a !== undefined && b !== undefined && product !== undefined && left !== '' && right !== '') {
        joined.add(a).add(b).add(product);
        return [a, b];
      }
    }
    throw damaged(`model.merges[${rank}]: two tokens of model.vocab that make a third`, shown(merge), where);
  });
  return { merges: read, joined };
}

/** Bytes by id. */
function readVocabulary(
  ids: ReadonlyMap<string, number>,
  added: readonly (FileToken & AddedToken)[],
  where: string,
): Uint8Array[] {
  let size = 0;
  for (const id of ids.values()) size = Math.max(size, id + 1);
  const vocabulary: Uint8Array[] = Array.from({ length: size }, () => UNUSED);
  for (const { content, id, ordinary } of added) if (ordinary !== true) vocabulary[id] = UTF8.encode(content);
  for (const [spelling, id] of ids) {
    if (vocabulary[id] !== UNUSED) continue;
    const bytes = unspellBytes(spelling);
    if (bytes === undefined || bytes.length === 0) {
      throw unsupported(`a token that is not spelled in bytes, ${shown(spelling)} (id ${id})`, where);
    }
    vocabulary[id] = bytes;
  }
  return vocabulary;
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
  const path = [name, ...issue.path.map(String)].join('.');
  throw damaged('the sections of a tokenizer.json, with values of their types', `${path}: ${issue.message}`, where);
}
