/** @file The text of tokens as they come, up to a stop string. */
import { stopStrings } from './stop-strings.ts';

/** Decodes tokens into whole characters, as the decode streams of encoders do. */
export interface TokenDecoder {
  /** The characters that this token completes. */
  push(id: number): string;
  /** What is left of a character that is not complete. */
  flush(): string;
}

/** A text that grows token by token. */
export interface TextStream {
  /** The text that this token makes certain: whole characters that no stop string can begin with. */
  push(id: number): string;
  /** The rest of the text: call it once no more tokens come, for whatever reason. */
  flush(): string;
  /** The stop string that ended the text. Tokens behind it change nothing: do not ask for more. */
  readonly stopped: string | undefined;
}

/**
 * The text of tokens, up to the first stop string. All pieces and the rest together are what decoding all tokens at once, and
 * cutting before the stop string, gives.
 *
 * @param stop strings that end the text, and are no part of it
 * @param minimumTokens a stop string that one of this many first tokens completes is text
 */
export function textStream(
  decoder: TokenDecoder,
  { stop = [], minimumTokens = 0 }: { stop?: readonly string[]; minimumTokens?: number } = {},
): TextStream {
  const stops = stopStrings(stop);
  let tokens = 0;
  return {
    push: (id) => stops.push(decoder.push(id), ++tokens > minimumTokens),
    flush: () => stops.push(decoder.flush(), tokens > minimumTokens) + stops.flush(),
    get stopped() {
      return stops.found;
    },
  };
}
