/** @file Which tokens begin and end a text, as Hugging Face's files beside a tokenizer.json say. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type BpeModel, chooseEndOfText } from '@arrowsmith/bpe';
import { readJsonObject, UserError } from '@arrowsmith/errors';
import { BESIDE_TOKENIZER } from './recognize-model.ts';

/** Special tokens as they are written. */
export interface TextBounds {
  /** What a text stands behind: what the tokenizer puts before one, or else the token that ends one. */
  beginOfText: string;
  /** What ends a text, and separates documents. */
  endOfText: string;
  /** Others that end one, as a turn in a conversation. */
  endTokens: string[];
}

/** What is known of a model's texts. */
interface KnownBounds {
  /** The special tokens that its tokenizer puts before a text. */
  before: readonly string[];
  /** Those that end a text. */
  ends: readonly string[];
}

/** What was said of them otherwise, and where. */
export interface AskedBounds {
  beginOfText?: string | undefined;
  endOfText?: string | undefined;
  /** Where a person said it: `import.endOfText`. */
  where?: string | undefined;
}

/**
 * A text begins with what the tokenizer puts before it. Where it puts nothing there, one from nothing begins behind what ends one, as in training. Of
 * this project's models the same token does both.
 *
 * @param file of the tokenizer
 * @throws UserError where the tokenizer does not have the tokens, and where it puts several before a text
 */
export function chooseTextBounds(
  tokenizer: Pick<BpeModel, 'specialTokens'>,
  { before, ends }: KnownBounds,
  asked: AskedBounds,
  file: string,
): TextBounds {
  const [begin, second] = asked.beginOfText === undefined ? before : [asked.beginOfText];
  if (second !== undefined) {
    throw new UserError({
      what: 'the tokenizer puts several special tokens before a text',
      where: file,
      expected: 'one at most',
      found: before.join(' '),
      fix: 'use another model',
    });
  }
  if (begin !== undefined && !tokenizer.specialTokens.some(({ content }) => content === begin)) {
    throw new UserError({
      what: 'the tokenizer puts a special token before a text that it does not have',
      where: file,
      expected: `${begin} among the special tokens of tokenizer.json`,
      found: 'none of that name',
      fix: FIX,
    });
  }
  const own = begin !== undefined && ends.includes(begin) ? begin : undefined;
  const told = asked.where === undefined ? { where: file, fix: FIX } : { where: asked.where };
  const endOfText = chooseEndOfText(tokenizer, asked.endOfText ?? own, { said: ends, ...told });
  const endTokens = [...new Set(ends)].filter((each) => each !== endOfText);
  return { beginOfText: begin ?? endOfText, endOfText, endTokens };
}

const FIX = 'use the tokenizer that the model was trained with';

/**
 * What the files in the folder of a tokenizer.json say: `add_bos_token` with `bos_token`, and `eos_token_id`, which may be a list, of
 * generation_config.json or config.json, else `eos_token`.
 *
 * @param beforeText what tokenizer.json itself puts before a text
 * @throws UserError where one of the files is no JSON object
 */
export async function readTextBounds(
  folder: string,
  { specialTokens, addedTokens = [] }: BpeModel,
  beforeText: readonly string[],
): Promise<KnownBounds> {
  const [tokenizer, generation, model] = await Promise.all(BESIDE_TOKENIZER.map((file) => readBeside(folder, file)));
  const bos = nameOf(tokenizer?.['bos_token']);
  const adds = tokenizer?.['add_bos_token'];
  const named = new Map([...specialTokens, ...addedTokens].map(({ id, content }) => [id, content]));
  const idsOf = (config: Record<string, unknown> | undefined): number[] =>
    [config?.['eos_token_id']].flat().filter((id) => typeof id === 'number');
  const [ids = []] = [generation, model].map(idsOf).filter((each) => each.length > 0);
  const ends = ids.map((id) => named.get(id)).filter((each) => each !== undefined);
  const eos = nameOf(tokenizer?.['eos_token']);
  return {
    before: adds === false ? [] : adds === true && bos !== undefined ? [bos] : beforeText,
    ends: ends.length > 0 || eos === undefined ? ends : [eos],
  };
}

async function readBeside(folder: string, file: string): Promise<Record<string, unknown> | undefined> {
  const path = join(folder, file);
  if (!existsSync(path)) return undefined;
  return readJsonObject(path, {
    what: `${file} cannot be read, which says what begins and ends a text`,
    expected: 'a JSON object',
    fix: 'download it again',
  });
}

/** Tokens stand in tokenizer_config.json as texts, or as objects with a content. */
function nameOf(token: unknown): string | undefined {
  const content = typeof token === 'object' && token !== null && 'content' in token ? token.content : token;
  return typeof content === 'string' ? content : undefined;
}
