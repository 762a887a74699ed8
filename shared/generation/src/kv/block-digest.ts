/**
 * @file Names of what blocks hold. The keys and values of a token depend on all tokens before it, so a block is named by a digest of its tokens and
 * of its predecessor's name. It is SHA-256: whoever finds a block by its name attends to its content, and must not be led to that of others.
 */
import { createHash } from 'node:crypto';

/**
 * The name before the first block.
 *
 * @param salt whoever has another one shares nothing
 */
export function rootDigest(salt: string): string {
  // UTF-16 tells all strings apart; UTF-8 has one replacement for all lone surrogates.
  return createHash('sha256').update('keys and values ').update(Buffer.from(salt, 'utf16le')).digest('hex');
}

/**
 * The name of a full block.
 *
 * @param parent the name of the block before it, or {@link rootDigest}
 * @param tokens as many as a block holds, the same number for all blocks of a chain
 */
export function blockDigest(parent: string, tokens: readonly number[]): string {
  return createHash('sha256').update(parent, 'hex').update(Int32Array.from(tokens)).digest('hex');
}
