/** @file A Chromium or Chrome that is installed on this machine. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const USUAL_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** What to tell a person where there is none. */
export const NO_CHROMIUM =
  'no Chromium was found: install it (apt-get install chromium), or set CHROMIUM to the path of a Chromium or Chrome';

/** The path in CHROMIUM, or where it usually is; undefined where there is none. */
export function findChromium(): string | undefined {
  return [process.env['CHROMIUM'], ...USUAL_PLACES].find(
    (path) => path !== undefined && path !== '' && existsSync(path),
  );
}

/** What Chromium computes graphics with, where a page may: nothing, or this processor, in WebGL and in WebGPU. */
const GRAPHICS = {
  none: ['--disable-gpu'],
  software: [
    '--use-angle=swiftshader',
    '--enable-unsafe-swiftshader',
    '--enable-unsafe-webgpu',
    '--use-webgpu-adapter=swiftshader',
    '--enable-features=Vulkan',
    '--use-vulkan=swiftshader',
  ],
} as const;

/** Starts it without a window, with a profile of its own, and without the traffic of a browser's own. */
export function launchChromium(
  executablePath: string,
  { graphics = 'none' }: { graphics?: keyof typeof GRAPHICS } = {},
): Promise<Browser> {
  const quiet = ['background-networking', 'component-update', 'sync', 'quic'].map((name) => `--disable-${name}`);
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--no-first-run', ...quiet, ...GRAPHICS[graphics]] });
}
