/**
 * @file Compares the import of tokenizer.json files of random shapes, and the ids they give, with Hugging Face's tokenizers (Python):
 *
 *     PYTHON=… node --import tsx scripts/parity/tokenizer-shapes.ts [SEED] [SHAPES] [TEXTS]
 *
 * Shapes that this project refuses are counted by what they lack. Prints what was compared; exits with 1 where anything differs.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEncoder, fromTokenizerJson, toTokenizerJson, type BpeModel } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import { $ } from 'zx';

interface Shape {
  name: string;
  normalizer: unknown;
  pre_tokenizer: unknown;
  added_tokens: unknown[];
  model: object;
  special: number[][];
  ordinary: Record<string, number[]>;
}

const [seed = '1', shapes = '300', texts = '500'] = process.argv.slice(2);
const fixtures = join(import.meta.dirname, '../../test/fixtures');
const base = (JSON.parse(readFileSync(join(fixtures, 'bpe-gpt2.json'), 'utf8')) as { tokenizer: { model: object } })
  .tokenizer;
const folder = mkdtempSync(join(tmpdir(), 'tokenizer-shapes-'));
try {
  const file = join(folder, 'shapes.json');
  const peer = join(import.meta.dirname, 'tokenizer-shapes.py');
  await $({ stdio: 'inherit' })`${process.env['PYTHON'] || 'python3'} ${peer} ${seed} ${shapes} ${texts} ${file}`;
  compare(JSON.parse(readFileSync(file, 'utf8')) as { texts: string[]; shapes: Shape[] });
} finally {
  rmSync(folder, { recursive: true });
}

function compare({ texts: documents, shapes: all }: { texts: string[]; shapes: Shape[] }): void {
  const refused = new Map<string, number>();
  let [compared, differing] = [0, 0];
  for (const { name, special, ordinary, model: changes, ...sections } of all) {
    const json = JSON.stringify({ ...base, ...sections, model: { ...base.model, ...changes } });
    const model = read(json, refused);
    if (model === undefined) continue;
    for (const encoder of [createEncoder(model), createEncoder(fromTokenizerJson(toTokenizerJson(model), 'written'))]) {
      for (const [i, document] of documents.entries()) {
        for (const allowSpecial of [true, false]) {
          // With ignore_merges theirs finds a special token that is a pre-token even where special tokens are text.
          const theirsFinds = !allowSpecial && model.ignoreMerges === true;
          if (theirsFinds && model.specialTokens.some(({ content }) => document.includes(content))) continue;
          const expected = (allowSpecial ? undefined : ordinary[i]) ?? special[i]!;
          const ids = encoder.encode(document, { allowSpecial });
          compared++;
          if (JSON.stringify(ids) === JSON.stringify(expected)) continue;
          if (differing++ < 8) {
            console.log(`${name}, special ${allowSpecial}: ${JSON.stringify(document)}`);
            console.log(
              `  ${JSON.stringify(sections)} ${JSON.stringify(changes)}\n  ${ids.join()}\n  ${expected.join()}`,
            );
          }
        }
      }
    }
  }
  console.log(`${all.length} shapes, ${compared} tokenizations compared, ${differing} differ`);
  for (const [found, count] of refused) console.log(`  refused ${count}: ${found}`);
  if (differing > 0) process.exitCode = 1;
}

function read(json: string, refused: Map<string, number>): BpeModel | undefined {
  try {
    return fromTokenizerJson(json, 'shape');
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const found = (error.parts.found ?? '').slice(0, 100);
    refused.set(found, (refused.get(found) ?? 0) + 1);
    return undefined;
  }
}
