/** @file Pre-tokenization by regular expressions: the formula that tests compare the pre-tokenizer of bytes with. */

import type { PreTokenPattern } from '../patterns.ts';

/*
 * The patterns as tokenizer.json files spell them, for JavaScript, with two differences of spelling that keep the meaning:
 * - Oniguruma's \s is the Unicode property White_Space; JavaScript's differs from it (it has U+FEFF and lacks U+0085).
 * - (?i:...) is written out, as older Node versions lack it; ſ (long s, U+017F) is s under Unicode case folding.
 * Every code point is covered by an alternative, so the pieces of a text are contiguous. Letters (\p{L}) and numbers (\p{N})
 * are those of the Unicode version that the JavaScript engine knows.
 */
const GPT2 =
  /'(?:[stmd]|re|ve|ll)| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/uy;
const LLAMA3 =
  /'(?:[sSſtTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/uy;
const QWEN2 = new RegExp(LLAMA3.source.replace('{1,3}', ''), 'uy');
const REGEXES = { gpt2: GPT2, llama3: LLAMA3, qwen2: QWEN2 };

/**
 * The pre-tokens of a text in order; joined they give the text again. A lone surrogate counts as a symbol, like U+FFFD, which
 * it becomes in UTF-8.
 *
 * @param text any string; the empty string has no pre-tokens.
 */
export function* preTokens(text: string, pattern: PreTokenPattern): Generator<string, void, undefined> {
  if (pattern === 'none') {
    if (text !== '') yield text;
    return;
  }
  const regex = REGEXES[pattern];
  for (let start = 0; start < text.length;) {
    // Set at every step: other generators may use the same regular expression between two of ours.
    regex.lastIndex = start;
    regex.test(text);
    const end = regex.lastIndex;
    yield text.slice(start, end);
    start = end;
  }
}
