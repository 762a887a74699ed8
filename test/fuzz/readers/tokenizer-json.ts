/** @file Fuzzes tokenizer.json: reading it, encoding and decoding a text, and writing it again. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEncoder, fromTokenizerJson, toTokenizerJson } from '@arrowsmith/bpe';
import { type Fuzzer, Refused } from '../harness.ts';

interface Fixture {
  normalizer: unknown;
  pre_tokenizer: unknown;
  added_tokens: unknown;
  model: object;
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../../fixtures/${name}.json`), 'utf8'));

/** The stage's own reader says what is wrong with a file that is none. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Refused(String(error));
  }
}

const TEXT = 'The bird’s 2024 nest <think>é漢字 ﬁ</think>  \r\n<|endoftext|> <tool> ½ camelCase (a|b)';

export const tokenizerJson: Fuzzer = {
  name: 'tokenizer-json',
  async prepare(folder) {
    const { tokenizer } = read('bpe-gpt2') as { tokenizer: Fixture };
    const { shapes } = read('tokenizer-shapes') as { shapes: (Fixture & { name: string })[] };
    // A quarter of them, as all are put right before each case.
    const some = shapes.filter((_, i) => i % 4 === 0);
    const files = some.map(({ normalizer, pre_tokenizer, added_tokens, model }, i) => {
      const path = join(folder, `${i}.json`);
      // The sections that say how stand first, so that changes meet them as often as the vocabulary.
      const sections = { normalizer, pre_tokenizer, added_tokens };
      writeFileSync(
        path,
        JSON.stringify({ ...sections, ...tokenizer, ...sections, model: { ...tokenizer.model, ...model } }),
      );
      return { path, kind: 'json' as const };
    });
    const valid = new Map(files.map(({ path }) => [path, readFileSync(path, 'utf8')]));
    return {
      files,
      async read() {
        const ids: number[][] = [];
        for (const [path, before] of valid) {
          const text = readText(path);
          if (text === before && ids.length > 0) continue; // one valid one is enough
          const model = fromTokenizerJson(text, path);
          const encoder = createEncoder(model);
          ids.push(encoder.encode(TEXT, { allowSpecial: true }), encoder.encode(TEXT));
          encoder.decode(ids.at(-1)!);
          const again = createEncoder(fromTokenizerJson(toTokenizerJson(model), 'written')).encode(TEXT);
          if (again.join() !== ids.at(-1)!.join()) throw new Error('written and read again, it gives other ids');
        }
        return ids;
      },
    };
  },
};
