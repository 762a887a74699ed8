/** @file Tokens as vocabularies of byte-level BPE spell them: those of bytes in the byte alphabet, special and added ones as they are. */
import { spellBytes } from './byte-alphabet.ts';
import type { BpeModel } from './model.ts';

/** The spelling of each id; the empty string of one that is not used. */
export function spellTokens({ vocabulary, specialTokens, addedTokens = [] }: BpeModel): string[] {
  const spellings = vocabulary.map(spellBytes);
  for (const { id, content } of [...specialTokens, ...addedTokens]) spellings[id] = content;
  return spellings;
}
