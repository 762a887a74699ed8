/** @file Reports in a real browser: drawn, read by pointer and keyboard, in the dark, on a phone, on paper. Skipped where there is no Chromium. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderReport, type ReportOptions, type ReportRun } from '@arrowsmith/reporting';
import { exampleRun } from '@arrowsmith/reporting/example-run';
import { findChromium, launchChromium, NO_CHROMIUM } from './chromium.ts';

const executable = findChromium();
if (executable === undefined) console.warn(`reports are not tested in a browser: ${NO_CHROMIUM}`);

const EVIL = `</script><script>alert(1)</script><img src="https://example.org/x.png" onerror="alert(2)">`;

describe.skipIf(executable === undefined)('a report in Chromium', () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    browser = await launchChromium(executable!);
    folder = mkdtempSync(join(tmpdir(), 'report-'));
  });
  afterAll(() => browser?.close());

  /** Opens a report and waits until it is drawn; `troubles` are errors, requests and dialogs, of which there should be none. */
  async function open(
    runs: readonly ReportRun[],
    { comparison, ...options }: BrowserContextOptions & ReportOptions = {},
  ) {
    const path = join(folder, 'report.html');
    writeFileSync(path, await renderReport(runs, { comparison }));
    const page = await browser.newPage({ viewport: { width: 1000, height: 800 }, ...options });
    const troubles: string[] = [];
    const url = pathToFileURL(path).href;
    page.on('console', (message) => troubles.push(message.text()));
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('request', (request) => request.url() !== url && troubles.push(request.url()));
    page.on('dialog', (dialog) => void dialog.dismiss().then(() => troubles.push(dialog.message())));
    await page.goto(url);
    await page.locator('.plot svg').last().waitFor();
    return { page, troubles };
  }

  const panel = (page: Page, title: string) => page.locator('.panel', { has: page.locator(`h4:has-text("${title}")`) });

  test('every plot is drawn, without errors, requests or scripts that came with the data', async () => {
    const { page, troubles } = await open([exampleRun({ text: EVIL, steps: 500 })]);
    expect(await page.locator('.plot svg').count()).toBe(6);
    const paths = await page
      .locator('.plot')
      .evaluateAll((plots) =>
        plots.map((plot) =>
          [...plot.querySelectorAll('[aria-label="line"] path')].map((path) => path.getAttribute('d')!.length),
        ),
      );
    expect(paths.map(({ length }) => length)).toEqual([2, 1, 1, 1, 4, 2]);
    const [sizeAndLoss = []] = paths.splice(4, 1); // of few points, one of them by one method
    expect(Math.min(...sizeAndLoss)).toBeGreaterThan(0);
    expect(Math.min(...paths.flat())).toBeGreaterThan(50);
    expect(
      await page
        .locator('.panel')
        .first()
        .evaluate((element) => getComputedStyle(element, '::after').content),
    ).toContain('mean of');
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('the pointer reads values in all plots of a figure at once', async () => {
    const run = exampleRun({ steps: 100 });
    const { page } = await open([run]);
    const loss = panel(page, 'Loss').first();
    const rest = await loss.locator('.value').allTextContents();
    const { width } = (await loss.locator('svg').boundingBox())!;
    await loss.locator('.plot').hover({ position: { x: width * 0.6, y: 60 } });
    const at = (await loss.locator('.at').textContent())!;
    const step = Number(/^step (\d+)$/.exec(at)![1]);
    expect(step).toBeGreaterThan(50);
    expect(step).toBeLessThan(65);
    const { trainLoss, gradientNorm } = run.steps[3]!.tables[0]!.columns;
    const read = async (title: string) =>
      Number(await panel(page, title).first().locator('.value').first().textContent());
    // Five digits are shown.
    expect(await read('Loss')).toBeCloseTo(trainLoss![step - 1] as number, 3);
    expect(await read('Gradient norm')).toBeCloseTo(gradientNorm![step - 1] as number, 3);
    expect(await panel(page, 'Gradient norm').locator('.at').textContent()).toBe(at);
    expect(await loss.locator('.crosshair circle').count()).toBe(2);
    await page.mouse.move(0, 0);
    expect(await loss.locator('.value').allTextContents()).toEqual(rest);
    expect(await loss.locator('.crosshair *').count()).toBe(0);
    await page.close();
  });

  test('the keyboard reads values point by point, and says them to a screen reader', async () => {
    const { page } = await open([exampleRun({ steps: 100 })]);
    const plot = panel(page, 'Loss').first().locator('.plot');
    const at = panel(page, 'Loss').first().locator('.at');
    for (let i = 0; i < 40 && !(await plot.evaluate((element) => element === document.activeElement)); i++)
      await page.keyboard.press('Tab');
    expect(await at.textContent()).toBe('step 100');
    const after: Record<string, string> = {};
    for (const key of ['Home', 'ArrowRight', 'PageUp', 'ArrowLeft', 'End', 'ArrowRight']) {
      await page.keyboard.press(key);
      after[key] ??= (await at.textContent())!;
    }
    expect(after).toEqual({
      Home: 'step 1',
      ArrowRight: 'step 2',
      PageUp: 'step 12',
      ArrowLeft: 'step 11',
      End: 'step 100',
    });
    expect(await plot.getAttribute('aria-valuenow')).toBe('100');
    expect(await plot.getAttribute('aria-valuetext')).toMatch(/^step 100: training [\d.]+, validation [\d.]+$/);
    expect(await plot.getAttribute('aria-valuemax')).toBe('100');
    await page.keyboard.press('Escape');
    expect(await at.textContent()).toBe('');
    await page.close();
  });

  test('the table behind the plots opens by keyboard', async () => {
    const { page } = await open([exampleRun({ steps: 20 })]);
    const summary = page.locator('details.data summary').first();
    await summary.focus();
    await page.keyboard.press('Enter');
    await page.locator('#train-by-step-data').waitFor({ state: 'visible' });
    expect(await page.locator('#train-by-step-data tbody tr').count()).toBe(20);
    await page.close();
  });

  test.each(['light', 'dark'] as const)('text can be read in the %s', async (colorScheme) => {
    const { page } = await open([exampleRun()], { colorScheme });
    const colors = await page.evaluate(() => {
      const probe = document.body.appendChild(document.createElement('span'));
      const color = (name: string): number[] => {
        probe.style.color = `var(--${name})`;
        return getComputedStyle(probe).color.match(/\d+/g)!.map(Number);
      };
      const series = Array.from({ length: 8 }, (_, i) => `series-${i + 1}`);
      const names = ['page', 'text', 'muted', 'link', 'warning', ...series];
      return Object.fromEntries(names.map((name) => [name, color(name)]));
    });
    const { page: background, ...foregrounds } = colors;
    expect(luminance(background!) > 0.5).toBe(colorScheme === 'light');
    const contrasts = Object.entries(foregrounds).map(([name, color]) => ({
      name,
      contrast: contrast(color, background!),
    }));
    // WCAG 2: 4.5 for text, 3 for graphics.
    expect(contrasts.filter((each) => each.contrast < (each.name.startsWith('series') ? 3 : 4.5))).toEqual([]);
    await page.close();
  });

  test('a phone shows it without scrolling sideways, plots as wide as the page', async () => {
    const runs = [
      exampleRun({ text: 'a long name'.repeat(9) }),
      exampleRun({ id: 'another-run-of-the-same', seed: 2 }),
    ];
    for (const shown of [runs.slice(0, 1), runs]) {
      const { page } = await open(shown, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
      const widths = await page
        .locator('.plot svg')
        .evaluateAll((all) => all.map((svg) => svg.getBoundingClientRect().width));
      expect(Math.min(...widths)).toBeGreaterThan(340);
      const sizes = await page
        .locator('.plot svg text')
        .evaluateAll((all) => all.map((each) => parseFloat(getComputedStyle(each).fontSize)));
      expect(Math.min(...sizes)).toBeGreaterThanOrEqual(12);
      await page
        .locator('.plot')
        .first()
        .tap({ position: { x: 200, y: 60 } });
      expect(await page.locator('.at').first().textContent()).toMatch(/^step \d+$/);
      await page.close();
    }
  });

  test('on a phone each verdict of a comparison is in sight without scrolling its table', async () => {
    const runs = ['20260131-094512-tavo', '20260131-101500-lumi'].map((id, i) => exampleRun({ id, seed: i + 1 }));
    const measured = { values: [0.21097, 0.20098], unit: 'bits per byte', better: 'lower' as const };
    const difference = { difference: -0.00999, low: -0.0153, high: -0.00512, verdict: 'better' as const, paired: true };
    const comparison: ReportOptions['comparison'] = {
      notices: [],
      parameters: [],
      environments: [],
      divergences: [null, null],
      losses: (['bits per byte', 'nats per token'] as const).map((measure) => ({
        model: 'train',
        measure,
        values: measured.values,
        documents: [2000, 2000],
        differences: [null, difference],
      })),
      metrics: ['train.bitsPerByte', 'quantize.bitsPerByte'].map((name) => ({
        ...measured,
        step: 'evaluate',
        name,
        differences: [null, -0.00999],
        verdicts: [null, 'better' as const],
      })),
    };
    const { page } = await open(runs, { comparison, viewport: { width: 390, height: 844 } });
    const right = await page
      .locator('.verdict')
      .evaluateAll((all) => all.map((verdict) => verdict.getBoundingClientRect().right));
    expect(right).toHaveLength(4);
    expect(Math.max(...right)).toBeLessThanOrEqual(390 - 16); // the page's margin, where a table begins to scroll
    await page.close();
  });

  test('every plot says what its axes are', async () => {
    const { page } = await open([exampleRun({ steps: 50 })]);
    const labels = (title: string) =>
      panel(page, title).first().locator('[aria-label$="axis label"]').allTextContents();
    expect(await labels('Loss')).toEqual(['step', 'nats per token']);
    expect(await labels('Learning rate')).toEqual(['step', 'learning rate']);
    expect(await labels('Loss by position')).toEqual(['position', 'nats per token']);
    await page.close();
  });

  test('plots are drawn again when the page becomes narrower', async () => {
    const { page } = await open([exampleRun()]);
    const width = () =>
      page
        .locator('.plot svg')
        .first()
        .evaluate((svg) => Number(svg.getAttribute('width')));
    const before = await width();
    await page.setViewportSize({ width: 500, height: 800 });
    await expect.poll(width).toBeLessThan(before / 1.5);
    await page.close();
  });

  test('steps whose loss is not finite are marked', async () => {
    const run = exampleRun({ steps: 30 });
    const broken = run.steps.map((stage) => ({
      ...stage,
      tables: stage.tables.map((table) =>
        table.kind === 'training-log'
          ? {
              ...table,
              columns: {
                ...table.columns,
                trainLoss: table.columns['trainLoss']!.map((loss, i) => (i >= 27 ? NaN : loss)),
              },
            }
          : table,
      ),
    }));
    const { page, troubles } = await open([{ ...run, steps: broken }]);
    expect(await panel(page, 'Loss').first().locator('svg text', { hasText: '×' }).count()).toBe(3);
    await panel(page, 'Loss').first().locator('.plot').focus();
    await page.keyboard.press('End');
    expect(await panel(page, 'Loss').first().locator('.value').first().textContent()).toBe('NaN');
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('paper gets dark text on white, without navigation and without the tables behind plots', async () => {
    const { page } = await open([exampleRun({ steps: 2000 })], { colorScheme: 'dark' });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const body = await page.evaluate(() => {
      const { color, backgroundColor } = getComputedStyle(document.body);
      return { color, backgroundColor };
    });
    expect(body).toEqual({ color: 'rgb(0, 0, 0)', backgroundColor: 'rgb(255, 255, 255)' });
    expect(await page.locator('nav').isVisible()).toBe(false);
    const pdf = (await page.pdf({ format: 'A4' })).toString('latin1');
    const pages = pdf.match(/\/Type \/Page\b/g)!.length;
    expect(pages).toBeGreaterThan(2);
    expect(pages).toBeLessThan(12);
    await page.close();
  });
});

/** Relative luminance of an sRGB colour, 0 to 1 (WCAG 2). */
function luminance(color: readonly number[]): number {
  const [r, g, b] = color.map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: readonly number[], b: readonly number[]): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
}
