/**
 * @file What the library says of texts, for scripts/parity/lm-eval.py: a list of texts in JSON comes by the standard input, and a list of the nats of each
 * goes to the standard output.
 *
 *     node --import tsx scripts/parity/lm-eval.ts artifacts/tinystories/train
 */
import { text } from 'node:stream/consumers';
import { loadModel } from '@arrowsmith/generation';

const model = await loadModel({ folder: process.argv[2]! });
const nats: number[] = [];
for (const each of JSON.parse(await text(process.stdin)) as string[]) {
  const scores = await model.logProbabilities(each);
  const sum = -scores.reduce((all, { logProbability }) => all + logProbability, 0);
  // The same, as most people would ask.
  const perplexity = Math.log(await model.perplexity(each)) * scores.length;
  if (Math.abs(perplexity - sum) > 1e-6 * sum)
    throw new Error(`perplexity is ${perplexity} nats, and ${sum} all tokens`);
  nats.push(sum);
}
await model.dispose();
process.stdout.write(JSON.stringify(nats));
