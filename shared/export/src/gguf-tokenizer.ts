/** @file A tokenizer as the metadata of a GGUF file, for llama.cpp's byte-level BPE. */
import { type BpeModel, spellTokens } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import type { GgufMetadata } from '@arrowsmith/formats';
import { beginOfTextId, endOfTextId, endTokenIds, type Exported } from './exported.ts';

/** llama.cpp's types of tokens. */
const [NORMAL, CONTROL, USER_DEFINED, UNUSED] = [1, 3, 4, 5];

/**
 * What llama.cpp calls the pattern by which text is cut, which it knows by name. Llama 3's is there twice: `llama-bpe` takes a piece that is a token
 * for that token, `smaug-bpe` merges, with the same expression.
 */
function preTokenizer({ pattern, ignoreMerges = false }: BpeModel): string | undefined {
  switch (pattern) {
    case 'llama3':
      return ignoreMerges ? 'llama-bpe' : 'smaug-bpe';
    case 'qwen2':
      return ignoreMerges ? undefined : 'qwen2';
    case 'gpt2':
      return ignoreMerges ? undefined : 'gpt-2';
    case 'none':
      return undefined;
  }
}

/**
 * Tokens, their types, merges, and which begin and end a text.
 *
 * @param tokens in the file: where the model has more embeddings than the tokenizer tokens, the rest is named, and of a type that is not used
 * @throws UserError for a tokenizer that llama.cpp cuts text for otherwise
 */
export function ggufTokenizer(
  model: Pick<Exported, 'tokenizer' | 'endOfText' | 'beginOfText' | 'endTokens' | 'chatTemplate'>,
  tokens: number,
): GgufMetadata {
  const { tokenizer, chatTemplate } = model;
  const pre = checkedPreTokenizer(tokenizer);
  const id = endOfTextId(model);
  const [turn, message] = checkedEnds(endTokenIds(model));
  const own = spellTokens(tokenizer);
  const known = new Set(own);
  const special = new Set(tokenizer.specialTokens.map((token) => token.id));
  const added = new Set((tokenizer.addedTokens ?? []).map((token) => token.id));
  const spellings: string[] = [];
  const types: number[] = [];
  for (let token = 0; token < tokens; token++) {
    const spelling = own[token] ?? '';
    spellings.push(spelling === '' ? unusedName(token, known) : spelling);
    types.push(spelling === '' ? UNUSED : special.has(token) ? CONTROL : added.has(token) ? USER_DEFINED : NORMAL);
  }
  checkDistinct(spellings);
  const merges = tokenizer.merges.map(([left, right]) => `${own[left]} ${own[right]}`);
  return {
    'tokenizer.ggml.model': { type: 'string', value: 'gpt2' },
    'tokenizer.ggml.pre': { type: 'string', value: pre },
    'tokenizer.ggml.tokens': { type: 'array', of: 'string', value: spellings },
    'tokenizer.ggml.token_type': { type: 'array', of: 'int32', value: types },
    'tokenizer.ggml.merges': { type: 'array', of: 'string', value: merges },
    'tokenizer.ggml.bos_token_id': { type: 'uint32', value: beginOfTextId(model) },
    'tokenizer.ggml.eos_token_id': { type: 'uint32', value: id },
    ...(turn === undefined ? {} : { 'tokenizer.ggml.eot_token_id': { type: 'uint32', value: turn } }),
    ...(message === undefined ? {} : { 'tokenizer.ggml.eom_token_id': { type: 'uint32', value: message } }),
    'tokenizer.ggml.padding_token_id': { type: 'uint32', value: id },
    'tokenizer.ggml.add_bos_token': { type: 'bool', value: true },
    'tokenizer.ggml.add_eos_token': { type: 'bool', value: false },
    ...(chatTemplate === undefined ? {} : { 'tokenizer.chat_template': { type: 'string', value: chatTemplate } }),
  };
}

/** llama.cpp stops at the ends of a text, of a turn and of a message. @throws UserError for more tokens than that */
function checkedEnds(others: readonly number[]): readonly number[] {
  if (others.length <= 2) return others;
  throw new UserError({
    what: 'a GGUF file cannot say all tokens that end a text',
    expected: 'at most two beside the one that ends a document: eot_token_id and eom_token_id',
    found: `${others.length}: ${others.join(', ')}`,
    fix: 'export it as `format: huggingface`, or take some out of eos_token_id in generation_config.json of the model',
  });
}

/** llama.cpp stops at a file with two tokens of one name. */
function unusedName(token: number, known: ReadonlySet<string>): string {
  let name = `[PAD${token}]`;
  while (known.has(name)) name = `[${name}]`;
  return name;
}

/** @throws UserError where llama.cpp would cut text otherwise */
function checkedPreTokenizer(tokenizer: BpeModel): string {
  const refuse = (found: string) =>
    new UserError({
      what: 'llama.cpp does not cut text as this tokenizer does',
      expected: 'a tokenizer with the pattern gpt2, llama3 or qwen2, and no other step before it',
      found,
      fix: 'export it as `format: huggingface`, whose tokenizer.json says all steps',
    });
  const { pattern, ignoreMerges, cuts = [], normalizers = [], prefixSpace = false } = tokenizer;
  if (cuts.length > 0) throw refuse(`steps that cut text before it: ${cuts.map(({ type }) => type).join(', ')}`);
  // Texts in NFC, which nearly all are, stay as they are; llama.cpp's own conversion of Qwen leaves this step out, too.
  const other = normalizers.filter(({ type }) => type !== 'NFC');
  if (other.length > 0) throw refuse(`text that is changed first: ${other.map(({ type }) => type).join(', ')}`);
  if (prefixSpace) throw refuse('a space that is put before every text');
  const takes = [...tokenizer.specialTokens, ...(tokenizer.addedTokens ?? [])].find(
    ({ lstrip, rstrip, singleWord }) => lstrip === true || rstrip === true || singleWord === true,
  );
  if (takes !== undefined) throw refuse(`${takes.content}, which takes white space, or counts as a whole word only`);
  const pre = preTokenizer(tokenizer);
  if (pre === undefined) throw refuse(`the pattern ${pattern}${ignoreMerges === true ? ' with ignore_merges' : ''}`);
  return pre;
}

/** @throws UserError for two tokens of one spelling, at which llama.cpp stops */
function checkDistinct(spellings: readonly string[]): void {
  const seen = new Set<string>();
  const twice = spellings.find((spelling) => seen.size === seen.add(spelling).size);
  if (twice === undefined) return;
  throw new UserError({
    what: 'a GGUF file cannot have two tokens that are spelled alike',
    expected: 'distinct tokens',
    found: `${JSON.stringify(twice)} twice: as a special token, and as one of text`,
    fix: 'export it as `format: huggingface`',
  });
}
