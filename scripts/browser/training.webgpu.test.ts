/** @file A page that trains, in a real browser: the losses of the same training here. Skipped where there is no Chromium. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@arrowsmith/engine';
import { decoderConfig, modelParameters } from '@arrowsmith/model';
import { completeParameters, trainingParameters } from '@arrowsmith/training';
import { withoutNode } from '@arrowsmith/web';
import { serveFolder } from '@arrowsmith/web/serve-folder';
import { build } from 'esbuild';
import type { JSHandle } from 'playwright-core';
import { expect, test } from 'vitest';
import { findChromium, launchChromium, NO_CHROMIUM } from './chromium.ts';
import { type PageTraining, trainSteps } from './training-in-page.ts';

const executable = findChromium();
if (executable === undefined) console.warn(`training is not tested in a browser: ${NO_CHROMIUM}`);

/** The model of the pipeline `smoke`, and four steps of rows in which a token is seven more than the one before. */
const model = { hiddenSize: 32, layers: 2, heads: 4, kvHeads: 2, intermediateSize: 96 };
const data = { vocabularySize: 512, contextLength: 64 };
const parameters = trainingParameters.parse({
  steps: 4,
  batchSize: 2,
  optimizer: { learningRate: 3e-3, warmupSteps: 1 },
});
const rows = Array.from({ length: 4 }, (_, row) => {
  const tokens = Array.from({ length: 65 }, (__, i) => (31 * row + 7 * i) % data.vocabularySize);
  return { inputs: tokens.slice(0, -1), targets: tokens.slice(1) };
});
const training: PageTraining = {
  model,
  data,
  parameters: completeParameters(parameters, decoderConfig(modelParameters.parse(model), data)),
  rows,
  steps: [
    [0, 1],
    [2, 3],
    [1, 2],
    [3, 0],
  ],
};

/** A folder with a page, and its script without anything of Node. */
async function writePage(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'training-page-'));
  await build({
    entryPoints: { training: join(import.meta.dirname, 'training-in-page.ts') },
    outdir: folder,
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    metafile: true,
    plugins: [withoutNode],
  });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><link rel="icon" href="data:," /><title>Training</title>');
  return folder;
}

test.skipIf(executable === undefined)(
  'a page trains the smallest model by WebGPU, with the losses of the backend cpu',
  async () => {
    await useBackend('cpu');
    const expected = await trainSteps(training);
    const folder = await writePage();
    const server = await serveFolder(folder);
    const browser = await launchChromium(executable ?? '', { graphics: 'software' });
    try {
      const page = await browser.newPage();
      const troubles: string[] = [];
      page.on('console', (message) => troubles.push(message.text()));
      page.on('pageerror', (error) => troubles.push(error.message));
      await page.goto(server.url);
      const script: JSHandle<typeof import('./training-in-page.ts')> =
        await page.evaluateHandle(`import('./training.js')`);
      const { adapter, log } = await script.evaluate(({ trainInPage }, asked) => trainInPage(asked), training);
      expect(adapter).not.toBe('');
      expect(log.length).toBe(4);
      for (const [i, { trainLoss, gradientNorm }] of log.entries()) {
        expect(Math.abs(trainLoss - expected[i]!.trainLoss)).toBeLessThan(1e-4); // float32, sums in another order
        expect(Math.abs(gradientNorm - expected[i]!.gradientNorm)).toBeLessThan(1e-4);
      }
      expect(log.at(-1)!.trainLoss).toBeLessThan(log[0]!.trainLoss);
      expect(troubles).toEqual([]);
    } finally {
      await browser.close();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
