/**
 * @file Random models of every family in a web page, by every backend that Chromium has, WebGPU and WebGL computed by this processor: whether their greedy
 * tokens are those of `generate` on the backend `cpu`, and how fast they come.
 *
 *     node --import tsx scripts/browser/web-parity.ts [backend …]
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEncoder } from '@arrowsmith/bpe';
import { useBackend } from '@arrowsmith/engine';
import { generate } from '@arrowsmith/generation/samples';
import { samplingParameters } from '@arrowsmith/generation/sampling';
import { families, tensorsOf } from '@arrowsmith/model';
import { writeWebFolder } from '@arrowsmith/web';
import { bytesTokenizer, randomModel, sourceOf } from '@arrowsmith/web/random-model';
import { serveFolder } from '@arrowsmith/web/serve-folder';
import { findChromium, launchChromium, NO_CHROMIUM } from './chromium.ts';
import { tokensInPage } from './tokens-in-page.ts';

/** Of these, the one after which a random model goes on for longest. */
const PROMPTS = ['Once upon a time, ', 'The cat ', '0', 'It was '];
const TOKENS = 50;
const END = 256;
const named = process.argv.slice(2);
const backends = named.length > 0 ? named : ['wasm', 'cpu', 'webgl', 'webgpu'];

const executable = findChromium();
if (executable === undefined) throw new Error(NO_CHROMIUM);
const browser = await launchChromium(executable, { graphics: 'software' });
const root = mkdtempSync(join(tmpdir(), 'web-parity-'));
await useBackend('cpu');
const encoder = createEncoder(bytesTokenizer);
const sampling = samplingParameters.parse({ temperature: 0, maximumTokens: TOKENS });

let differ = 0;
try {
  for (const family of Object.keys(families)) {
    const model = randomModel(family, { contextLength: 128 });
    const { config, weights } = model;
    const parameters = tensorsOf(weights);
    let [prompt, expected]: [string, number[]] = ['', []];
    for (const each of PROMPTS) {
      const ids = [END, ...encoder.encode(each)];
      const tokens = await generate({ config, parameters, prompt: ids, sampling, stopToken: END });
      if (tokens.length > expected.length) [prompt, expected] = [each, tokens];
    }
    const folder = join(root, family);
    mkdirSync(folder);
    await writeWebFolder(folder, sourceOf(model), { name: family, precision: undefined });
    writeFileSync(join(folder, 'empty.html'), '<!doctype html><title>empty</title>');
    const server = await serveFolder(folder);
    const cells: string[] = [];
    for (const backend of backends) {
      const page = await browser.newPage();
      await page.goto(`${server.url}empty.html`);
      const found = await tokensInPage(page, { backend, prompt, maximumTokens: TOKENS }).catch((error: Error) => error);
      cells.push(`${backend}: ${judge(found, expected)}`);
      await page.close();
    }
    server.close();
    console.log(`${family}, ${expected.length} tokens, ${new Set(expected).size} different ones; ${cells.join('; ')}`);
  }
} finally {
  await browser.close();
  rmSync(root, { recursive: true });
}
process.exitCode = differ > 0 ? 1 : 0;

function judge(found: Awaited<ReturnType<typeof tokensInPage>> | Error, expected: readonly number[]): string {
  if (found instanceof Error) {
    differ++;
    return found.message.split('\n')[0] ?? '';
  }
  const { tokens, tokensPerSecond, tensors } = found;
  const speed = `${tokensPerSecond.toFixed(1)} tokens/s`;
  const leak = tensors.after === tensors.before ? '' : `, ${tensors.after - tensors.before} tensors more than before`;
  const at = expected.findIndex((id, i) => id !== tokens[i]);
  if (at === -1 && tokens.length === expected.length && leak === '') return `the same, ${speed}`;
  differ++;
  return `${at === -1 ? 'the same' : `other from token ${at} on`}, ${speed}${leak}`;
}
