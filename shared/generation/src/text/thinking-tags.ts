/** @file Whether a model thinks between tags, which its tokenizer tells. */
import type { BpeModel } from '@arrowsmith/bpe';
import type { ThinkingTags } from '../sampling/index.ts';

/** The tokens between which models with this tokenizer think, where it has such. */
export function thinkingTagsOf({
  addedTokens = [],
  specialTokens,
}: Pick<BpeModel, 'addedTokens' | 'specialTokens'>): ThinkingTags | undefined {
  const idOf = (content: string) => [...addedTokens, ...specialTokens].find((each) => each.content === content)?.id;
  const [start, end] = [idOf('<think>'), idOf('</think>')];
  return start === undefined || end === undefined ? undefined : { start, end };
}
