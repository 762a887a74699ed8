/** @file Tokens as log-probabilities name them. */
import type { BpeEncoder } from '@arrowsmith/bpe';

/** The bytes of a token; none where the tokenizer does not have it. */
export function tokenBytes(encoder: BpeEncoder, id: number): Uint8Array {
  return id < encoder.vocabularySize ? encoder.tokenBytes(id) : new Uint8Array();
}

/** The text of a token; where its bytes are part of a character, these: `bytes:\xc3`, as OpenAI writes them. */
export function tokenText(encoder: BpeEncoder, id: number): string {
  const bytes = tokenBytes(encoder, id);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return `bytes:${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`;
  }
}
