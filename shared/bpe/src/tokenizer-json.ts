/** @file Writes tokenizer.json, the tokenizer file of the Hugging Face libraries. */

import { spellBytes } from './byte-alphabet.ts';
import type { BpeModel } from './model.ts';
import { LLAMA3_REGEX, QWEN2_REGEX, type PreTokenPattern } from './patterns.ts';

/**
 * The tokenizer.json of a model, as transformers, tokenizers (>= 0.20), `@huggingface/tokenizers` and llama.cpp's converter
 * read it. The same model gives the same text; tokens and merges stand one per line.
 */
export function toTokenizerJson(model: BpeModel): string {
  const spellings = model.vocabulary.map(spellBytes);
  const { specialTokens, addedTokens = [] } = model;
  const added = [
    ...specialTokens.map((token) => ({ ...token, special: true })),
    ...addedTokens.map((token) => ({ ...token, special: false })),
  ].sort((a, b) => a.id - b.id);
  for (const { id, content } of added) spellings[id] = content;

  const frame = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added.map(({ id, content, special }) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special,
    })),
    normalizer: model.normalizer === undefined ? null : { type: model.normalizer },
    pre_tokenizer: preTokenizerJson(model.pattern),
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: model.ignoreMerges ?? false,
      vocab: {},
      merges: [],
    },
  };
  // Written by hand, because an object would move tokens that look like integers to its front. What is replaced cannot occur
  // within a JSON string, where quotation marks are escaped.
  const vocab = spellings.map((spelling, id) => `${JSON.stringify(spelling)}: ${id}`);
  const merges = model.merges.map(
    ([left, right]) => `[${JSON.stringify(spellings[left])}, ${JSON.stringify(spellings[right])}]`,
  );
  const json = JSON.stringify(frame, null, 2)
    .replace('"vocab": {}', () => `"vocab": {${indented(vocab)}}`)
    .replace('"merges": []', () => `"merges": [${indented(merges)}]`);
  return `${json}\n`;
}

function preTokenizerJson(pattern: PreTokenPattern): unknown {
  if (pattern === 'gpt2' || pattern === 'none') return byteLevelJson(pattern === 'gpt2');
  const regex = pattern === 'llama3' ? LLAMA3_REGEX : QWEN2_REGEX;
  const split = { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false };
  return { type: 'Sequence', pretokenizers: [split, byteLevelJson(false)] };
}

/** `use_regex`: split by the GPT-2 pattern. `trim_offsets` concerns offsets only. */
function byteLevelJson(useRegex: boolean): unknown {
  return { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: useRegex };
}

function indented(items: readonly string[]): string {
  return items.length === 0 ? '' : `\n      ${items.join(',\n      ')}\n    `;
}
