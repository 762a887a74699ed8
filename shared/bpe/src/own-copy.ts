/** @file Copies of strings that outlive the text they were cut from. */

/**
 * A copy that does not share memory with the string it was cut from: V8 keeps the whole document alive for a slice of it, so
 * one rare word would hold a document in memory.
 */
export function ownCopy(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
