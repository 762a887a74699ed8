/** @file The page of a model in a real browser: the tokens that `generate` gives, by whatever computes them. Skipped where there is no Chromium. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createEncoder } from '@arrowsmith/bpe';
import { useBackend } from '@arrowsmith/engine';
import { generate } from '@arrowsmith/generation/samples';
import { samplingParameters } from '@arrowsmith/generation/sampling';
import { tensorsOf } from '@arrowsmith/model';
import { writeWebFolder } from '@arrowsmith/web';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesTokenizer, randomModel, sourceOf } from '@arrowsmith/web/random-model';
import { serveFolder } from '@arrowsmith/web/serve-folder';
import { findChromium, launchChromium, NO_CHROMIUM } from './chromium.ts';
import { tokensInPage } from './tokens-in-page.ts';

const executable = findChromium();
if (executable === undefined) console.warn(`the web page is not tested in a browser: ${NO_CHROMIUM}`);

const PROMPT = 'Once upon a time, ';
const encoder = createEncoder(bytesTokenizer);
const end = 256;

describe.skipIf(executable === undefined)('the page of a model in Chromium', () => {
  let browser: Browser;
  let server: Awaited<ReturnType<typeof serveFolder>>;
  let folder: string;
  /** Greedy tokens of `generate`, of the backend `cpu`. */
  let expected: number[];

  beforeAll(async () => {
    folder = join(mkdtempSync(join(tmpdir(), 'page-')), 'model');
    mkdirSync(folder);
    const model = randomModel('qwen3', { contextLength: 240, layers: 3 });
    await useBackend('cpu');
    const prompt = [end, ...encoder.encode(PROMPT)];
    const sampling = samplingParameters.parse({ temperature: 0, maximumTokens: 50 });
    const { config, weights } = model;
    expected = await generate({ config, parameters: tensorsOf(weights), prompt, sampling, stopToken: end });
    await writeWebFolder(folder, sourceOf(model), { name: 'Small <cats>', precision: undefined });
    writeFileSync(join(folder, 'other.html'), '<!doctype html><link rel="icon" href="data:," /><title>Other</title>');
    server = await serveFolder(folder);
    browser = await launchChromium(executable ?? '', { graphics: 'software' });
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens the page; `troubles` are what it logs, violations of its policy, and requests to elsewhere, of which there should be none. */
  async function open({ query = '', ...options }: BrowserContextOptions & { query?: string } = {}) {
    const page = await browser.newPage(options);
    const troubles: string[] = [];
    page.on('console', (message) => troubles.push(message.text()));
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('request', (request) => request.url().startsWith(server.url) || troubles.push(request.url()));
    await page.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => console.error(event.violatedDirective, event.blockedURI));
    });
    await page.goto(server.url + query);
    return { page, troubles };
  }

  test('half a hundred greedy tokens are those of generate, shown as text and as tokens', async () => {
    expect(expected).toHaveLength(50);
    expect(new Set(expected).size).toBeGreaterThan(10);
    const { page, troubles } = await open();
    expect(await page.title()).toBe('Small <cats>');
    await page.locator('#generate:enabled').waitFor();
    expect(await page.locator('#status').textContent()).toBe('Ready: computed by WebAssembly');
    await page.getByLabel('Begin a text').fill(PROMPT);
    await page.getByLabel('Temperature').fill('0');
    await page.getByLabel('Length').fill('50');
    await page.getByRole('button', { name: 'Continue it' }).click();
    await page.locator('#tokens').waitFor();
    const shown = await page.locator('#token-list small').allTextContents();
    expect(shown.map(Number)).toEqual(expected);
    expect(await page.locator('#text').textContent()).toBe(PROMPT + encoder.decode(expected));
    expect(await page.locator('#status').textContent()).toMatch(
      /^50 tokens, [\d.]+ a second by WebAssembly; as long as asked for; seed \d+$/,
    );
    expect(troubles).toEqual([]);
    await page.close();
  });

  // WebGPU, which takes this processor a second for five tokens, is in scripts/browser/web-parity.ts.
  test.each(['webgl', 'cpu'])('the same tokens by %s, where another page uses the script', async (backend) => {
    const { page, troubles } = await open({ query: 'other.html' });
    const text = await tokensInPage(page, { backend, prompt: PROMPT, maximumTokens: 50 });
    expect(text).toMatchObject({ backend, tokens: expected });
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('over two hundred tokens no memory is lost, and models beside each other do not mix', async () => {
    const { page, troubles } = await open(); // which opens the model, too
    const asked = { backend: 'cpu', prompt: PROMPT, maximumTokens: 50 };
    expect(await tokensInPage(page, asked)).toMatchObject({ backend: 'cpu', tokens: expected });
    await page.locator('#generate:enabled').waitFor();
    const { tokens, tensors, bytes } = await tokensInPage(page, { ...asked, backend: 'wasm', maximumTokens: 200 });
    expect(tokens).toHaveLength(200);
    expect(tokens.slice(0, 50)).toEqual(expected);
    expect([tensors.after, bytes.after]).toEqual([tensors.before, bytes.before]);
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('who stops it keeps what there is; the same seed gives the same text', async () => {
    const { page } = await open();
    await page.locator('#generate:enabled').waitFor();
    await page.getByLabel('Seed').fill('7');
    await page.getByLabel('Length').fill('200');
    const go = page.getByRole('button', { name: 'Continue it' });
    await go.click();
    await page.waitForFunction(() => (document.getElementById('continued')?.textContent ?? '') !== '');
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.locator('#generate:enabled').waitFor();
    expect(await page.locator('#status').textContent()).toMatch(/; stopped; seed 7$/);
    const begun = (await page.locator('#continued').textContent()) ?? '';
    await page.getByLabel('Length').fill('30');
    await go.click();
    await page.locator('#generate:enabled').waitFor();
    const again = (await page.locator('#continued').textContent()) ?? '';
    expect(again.startsWith(begun) || begun.startsWith(again)).toBe(true);
    await page.close();
  });

  test('another backend is chosen in the page, or in its address', async () => {
    const { page, troubles } = await open({ query: '?backend=cpu' });
    await page.locator('#generate:enabled').waitFor();
    expect(await page.locator('#status').textContent()).toBe('Ready: computed by JavaScript');
    await page.getByLabel('Computed by').selectOption('wasm');
    await page.getByText('Ready: computed by WebAssembly').waitFor();
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('a backend that is not there, and a file that is not, are told', async () => {
    const { page } = await open();
    await page.addInitScript(() => Object.defineProperty(navigator, 'gpu', { value: undefined }));
    await page.goto(`${server.url}?backend=webgpu`);
    await page.getByRole('alert').getByText('this browser has no WebGPU').waitFor();
    await page.route('**/model.safetensors', (route) => route.fulfill({ status: 404 }));
    await page.goto(server.url);
    await page
      .getByRole('alert')
      .getByText(/model\.safetensors[^]*404/)
      .waitFor();
    expect(await page.locator('#generate').isDisabled()).toBe(true);
    await page.close();
  });

  test('opened as a file, it says what to do', async () => {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(join(folder, 'index.html')).href);
    expect(await page.getByRole('alert').textContent()).toContain('python3 -m http.server');
    expect(await page.locator('main').isVisible()).toBe(false);
    await page.close();
  });

  test('on a phone nothing is wider than the screen, and every field has a name', async () => {
    const { page } = await open({ viewport: { width: 390, height: 800 }, colorScheme: 'dark' });
    await page.locator('#generate:enabled').waitFor();
    const { width, unnamed } = await page.evaluate(() => ({
      width: document.documentElement.scrollWidth,
      unnamed: [...document.querySelectorAll<HTMLInputElement>('input, select, textarea')].filter(
        ({ labels }) => labels?.length !== 1,
      ).length,
    }));
    expect({ width, unnamed }).toEqual({ width: 390, unnamed: 0 });
    await page.close();
  });
});
