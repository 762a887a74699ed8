import { DOMParser } from 'linkedom';
import { expect, test } from 'vitest';
import { replay } from './screen.ts';
import { picture } from './svg.ts';

const options = { columns: 20, rows: 2, title: 'What <it> shows' };
const parse = (svg: string) => new DOMParser().parseFromString(svg, 'image/svg+xml');

test('text of a terminal is text of the picture, with its markup escaped', () => {
  const document = parse(picture([replay('a <b> & "c"', 20).end], options));
  expect([...document.querySelectorAll('text')].map(({ textContent }) => textContent)).toEqual(['a <b> & "c"']);
  expect(document.querySelector('title')!.textContent).toBe('What <it> shows');
});

test('each run lies at its columns and is as wide as its characters', () => {
  const document = parse(picture([replay('  loss ⠉⠒', 20).end], options));
  const runs = [...document.querySelectorAll('text')].map((run) => [
    run.textContent,
    Number(run.getAttribute('x')),
    Number(run.getAttribute('textLength')),
  ]);
  const margin = 14;
  expect(runs).toEqual([
    ['loss', margin + 2 * 8, 4 * 8],
    ['⠉⠒', margin + 7 * 8, 2 * 8],
  ]);
});

test('only the last rows are shown', () => {
  expect(picture([replay('one\ntwo\nthree', 20).end], options)).not.toContain('>one<');
});

test('one screen is a still; of several, the last is seen where nothing may move', () => {
  const still = picture([replay('a', 20).end], options);
  expect(still).not.toContain('animation');
  const moving = picture([replay('a', 20).end, replay('b', 20).end, replay('c', 20).end], options);
  expect(moving).toContain('.f0, .f1 { visibility: hidden; }');
  expect(moving.indexOf('@keyframes')).toBeGreaterThan(moving.indexOf('prefers-reduced-motion: no-preference'));
  expect(moving).toContain(
    '@keyframes k2 { 0% { visibility: hidden } 50% { visibility: visible } 100% { visibility: visible } }',
  );
});
