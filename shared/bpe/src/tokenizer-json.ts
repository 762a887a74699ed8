/** @file Writes tokenizer.json, the tokenizer file of the Hugging Face libraries. */

import type { BpeModel } from './model.ts';
import { LLAMA3_REGEX, QWEN2_REGEX } from './patterns.ts';
import { spellTokens } from './spell-tokens.ts';

/**
 * The tokenizer.json of a model, as transformers, tokenizers (>= 0.20), `@huggingface/tokenizers` and llama.cpp's converter
 * read it. The same model gives the same text; tokens and merges stand one per line.
 *
 * @param options.begin the special token that a text begins with, where the libraries put special tokens around it; by default none
 */
export function toTokenizerJson(model: BpeModel, { begin }: { begin?: string | undefined } = {}): string {
  const spellings = spellTokens(model);
  const { specialTokens, addedTokens = [] } = model;
  const added = [
    ...specialTokens.map((token) => ({ ...token, special: true })),
    ...addedTokens.map((token) => ({ ...token, special: false })),
  ].sort((a, b) => a.id - b.id);
  const frame = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added.map((token) => ({
      id: token.id,
      content: token.content,
      single_word: token.singleWord ?? false,
      lstrip: token.lstrip ?? false,
      rstrip: token.rstrip ?? false,
      normalized: token.normalized ?? false,
      special: token.special,
    })),
    normalizer: sequenceJson('normalizers', model.normalizers ?? []),
    pre_tokenizer: preTokenizerJson(model),
    post_processor: begin === undefined ? null : templateJson(model, begin),
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
  // With ignore_merges a token of `vocab` is also found as a pre-token, which one that is only added is not.
  const onlyAdded = new Set(
    model.ignoreMerges ? addedTokens.filter(({ ordinary }) => !ordinary).map(({ id }) => id) : [],
  );
  const vocab = spellings.flatMap((spelling, id) =>
    spelling === '' || onlyAdded.has(id) ? [] : [`${JSON.stringify(spelling)}: ${id}`],
  );
  const merges = model.merges.map(
    ([left, right]) => `[${JSON.stringify(spellings[left])}, ${JSON.stringify(spellings[right])}]`,
  );
  const json = JSON.stringify(frame, null, 2)
    .replace('"vocab": {}', () => `"vocab": {${indented(vocab)}}`)
    .replace('"merges": []', () => `"merges": [${indented(merges)}]`);
  return `${json}\n`;
}

function preTokenizerJson({ pattern, cuts = [], prefixSpace = false }: BpeModel): unknown {
  const regex = { llama3: LLAMA3_REGEX, qwen2: QWEN2_REGEX, gpt2: undefined, none: undefined }[pattern];
  const split = { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false };
  return sequenceJson('pretokenizers', [
    ...cuts,
    ...(regex === undefined ? [] : [split]),
    // `use_regex`: split by the GPT-2 pattern. `trim_offsets` concerns offsets only.
    { type: 'ByteLevel', add_prefix_space: prefixSpace, trim_offsets: true, use_regex: pattern === 'gpt2' },
  ]);
}

/** @throws RangeError where the tokenizer has no such special token */
function templateJson({ specialTokens }: BpeModel, begin: string): unknown {
  const token = specialTokens.find(({ content }) => content === begin);
  if (token === undefined) throw new RangeError(`no special token ${begin}`);
  const special = { SpecialToken: { id: begin, type_id: 0 } };
  const sequence = (id: string, type_id: number) => ({ Sequence: { id, type_id } });
  return {
    type: 'TemplateProcessing',
    single: [special, sequence('A', 0)],
    pair: [special, sequence('A', 0), sequence('B', 1)],
    special_tokens: { [begin]: { id: begin, ids: [token.id], tokens: [begin] } },
  };
}

function sequenceJson(member: string, steps: readonly object[]): unknown {
  if (steps.length <= 1) return steps[0] ?? null;
  return { type: 'Sequence', [member]: steps };
}

function indented(items: readonly string[]): string {
  return items.length === 0 ? '' : `\n      ${items.join(',\n      ')}\n    `;
}
