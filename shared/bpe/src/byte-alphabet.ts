/** @file GPT-2's byte alphabet: the printable characters that stand for bytes in the vocabulary of a tokenizer.json. */

/**
 * Character of each byte. Bytes that Latin-1 prints stand for themselves; the other 68 (controls, spaces, soft hyphen) are
 * given U+0100, U+0101, ... in ascending order, e.g. `Ġ` for the space and `Ċ` for the newline. See `bytes_to_unicode` in
 * GPT-2's encoder.py.
 */
export const BYTE_CHARACTERS: readonly string[] = byteCharacters();

/** The 256 bytes in the order of their characters: the order of ids that Hugging Face's trainer gives to the alphabet. */
export const BYTES_IN_ALPHABET_ORDER: readonly number[] = Array.from({ length: 256 }, (_, byte) => byte).sort(
  (a, b) => BYTE_CHARACTERS[a]!.charCodeAt(0) - BYTE_CHARACTERS[b]!.charCodeAt(0),
);

const BYTE_OF_CHARACTER: ReadonlyMap<string, number> = new Map(
  BYTE_CHARACTERS.map((character, byte) => [character, byte]),
);

/** Spells bytes in the byte alphabet. */
export function spellBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += BYTE_CHARACTERS[byte]!;
  return text;
}

/** The bytes that a string of the byte alphabet spells; undefined where a character is not of the alphabet. */
export function unspellBytes(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const byte = BYTE_OF_CHARACTER.get(text[i]!);
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}

function byteCharacters(): string[] {
  let substitutes = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(printable ? byte : 0x100 + substitutes++);
  });
}
