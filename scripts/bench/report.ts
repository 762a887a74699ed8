/** @file Benchmark: the HTML report of a long run, its size, and how soon it can be read in a browser. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import * as z from 'zod';
import { renderReport } from '@arrowsmith/reporting';
import { exampleRun } from '@arrowsmith/reporting/example-run';
import { findChromium, launchChromium, NO_CHROMIUM } from '../browser/chromium.ts';
import { parseOptions } from './options.ts';
import { fixed, median, printTable } from './statistics.ts';

export const description =
  'HTML report of a 10,000-step run: size, time to render it, time until a browser shows and answers';

export const options = z.object({
  steps: z.coerce.number().int().min(1).default(10_000),
  repeats: z.coerce.number().int().min(1).default(5),
});

/** In the page: when all plots were drawn, and how long a movement of the pointer took until its values were painted. */
interface Seen {
  drawn: number;
  answered: number;
  /** What the page's main thread computed until then: what `drawn` would be were nothing else running. */
  computed: number;
}

export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { steps, repeats } = parseOptions(args, options);
  const runs = [exampleRun({ steps }), exampleRun({ steps, seed: 2, id: '20260131-101112-kilu' })];
  const folder = await mkdtemp(join(tmpdir(), 'report-'));
  const executable = findChromium();
  if (executable === undefined) console.log(`  times in a browser are left out: ${NO_CHROMIUM}`);
  const browser = executable === undefined ? undefined : await launchChromium(executable);
  await renderReport(runs.slice(0, 1)); // bundles the script, which is kept
  const results = [];
  for (const shown of [runs.slice(0, 1), runs]) {
    const started = performance.now();
    const page = await renderReport(shown);
    const rendered = performance.now() - started;
    const path = join(folder, `${shown.length}.html`);
    await writeFile(path, page);
    const seen = async (slower: number): Promise<Seen | undefined> =>
      browser && see(browser, path, { repeats, slower });
    results.push({
      runs: shown.length,
      bytes: Buffer.byteLength(page),
      rendered,
      here: await seen(1),
      slow: await seen(4),
    });
  }
  await browser?.close();
  await rm(folder, { recursive: true });
  printTable(
    ['runs', 'MB', 'render ms', 'drawn ms', 'CPU ms', 'pointer ms', 'drawn ms, CPU ÷ 4', 'pointer ms, CPU ÷ 4'],
    results.map(({ runs: count, bytes, rendered, here, slow }) => [
      String(count),
      fixed(bytes / 1e6, 2),
      ...[rendered, here?.drawn, here?.computed, here?.answered, slow?.drawn, slow?.answered].map((ms) => fixed(ms, 0)),
    ]),
  );
  const [one] = results;
  return { ours: one!.here?.drawn ?? null, peer: null, ratio: null, unit: 'ms', steps, bytes: one!.bytes, results };
}

/** Medians over fresh loads of a page. @param slower the processor is made so many times slower */
async function see(
  browser: Browser,
  path: string,
  { repeats, slower }: { repeats: number; slower: number },
): Promise<Seen> {
  const seen: Seen[] = [];
  for (let i = 0; i < repeats; i++) {
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    await session.send('Emulation.setCPUThrottlingRate', { rate: slower });
    await page.addInitScript(watch);
    await page.goto(pathToFileURL(path).href);
    const times = await page.evaluate(() => (globalThis as unknown as { seen: Promise<Omit<Seen, 'computed'>> }).seen);
    const { metrics } = await session.send('Performance.getMetrics');
    seen.push({ ...times, computed: 1000 * metrics.find(({ name }) => name === 'TaskDuration')!.value });
    await page.close();
  }
  const middle = (of: (each: Seen) => number) => median(seen.map(of));
  return {
    drawn: middle(({ drawn }) => drawn),
    answered: middle(({ answered }) => answered),
    computed: middle(({ computed }) => computed),
  };
}

/** Runs in the page before its own script; times count from the start of the navigation. */
const watch = `
  globalThis.seen = new Promise((resolve) => {
    const wait = () => {
      const plots = [...document.querySelectorAll('.plot')];
      const done = document.readyState === 'complete' && plots.every((plot) => plot.firstElementChild !== null);
      if (!done) return requestAnimationFrame(wait);
      const drawn = performance.now();
      const { left, top, width } = plots[0].getBoundingClientRect();
      plots[0].dispatchEvent(new PointerEvent('pointermove', { clientX: left + width / 2, clientY: top + 50 }));
      const answered = document.querySelector('.at').textContent.startsWith('step');
      if (!answered) throw new Error('the pointer was not answered');
      requestAnimationFrame(() => setTimeout(() => resolve({ drawn, answered: performance.now() - drawn })));
    };
    requestAnimationFrame(wait);
  });
`;
