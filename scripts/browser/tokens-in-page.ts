/** @file Generates in a page that was exported, by its script instead of its form. */
import type { JSHandle, Page } from 'playwright-core';

export interface PageText {
  backend: string;
  tokens: number[];
  tokensPerSecond: number;
  firstAfter: number;
  /** What tfjs holds before the text and after it. */
  tensors: { before: number; after: number };
  bytes: { before: number; after: number };
}

/** Greedy tokens; one text was written before, as the first one compiles what a backend computes with. */
export async function tokensInPage(
  page: Page,
  asked: { backend: string; prompt: string; maximumTokens: number },
): Promise<PageText> {
  // As text, since who transforms this file would transform the import, too.
  const script: JSHandle<typeof import('@arrowsmith/web/client')> =
    await page.evaluateHandle(`import('./arrowsmith.js')`);
  return script.evaluate(async ({ openModel }, { backend, prompt, maximumTokens }) => {
    const model = await openModel('./', { backend: backend as 'wasm' });
    await model.generate(prompt, { temperature: 0, maximumTokens: 2 });
    const before = model.memory();
    const { tokens, tokensPerSecond, firstAfter } = await model.generate(prompt, { temperature: 0, maximumTokens });
    const after = model.memory();
    model.dispose();
    return {
      backend: model.backend,
      tokens,
      tokensPerSecond,
      firstAfter,
      tensors: { before: before.tensors, after: after.tensors },
      bytes: { before: before.bytes, after: after.bytes },
    };
  }, asked);
}
