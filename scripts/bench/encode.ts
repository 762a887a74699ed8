/** @file Benchmark: encoding text in one thread, compared with Hugging Face tokenizers (Python) where it is installed. */

import { createEncoder } from '@arrowsmith/bpe';
import { benchmarkText, bestSeconds, pythonSeconds, report, trainOnText } from './encode-text.ts';

export const description =
  'encoding text in one thread, MB/s, against Hugging Face tokenizers: [text file] [vocabulary size]';

/**
 * Measures encoding with a tokenizer that was trained on the same text; each run begins with an empty cache.
 *
 * @param args file of documents that are separated by `<|endoftext|>`, and vocabulary size; both may be left out.
 */
export async function run(args: string[]): Promise<Record<string, unknown>> {
  const text = benchmarkText(args);
  const model = await trainOnText(text);
  const seconds = await bestSeconds(() => {
    const encoder = createEncoder(model);
    for (const document of text.documents) encoder.encode(document);
  });
  const peerSeconds = pythonSeconds(
    text,
    'tokenizer = train()\nseconds = best_seconds(lambda: tokenizer.encode_batch_fast(documents))',
    1,
  );
  return report('BPE encoding', text, seconds, 'tokenizers (1 thread)', peerSeconds);
}
