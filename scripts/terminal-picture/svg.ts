/** @file Screens of a terminal as one SVG: a still, or several moments after each other. */
import type { Cell, Look, Screen } from './screen.ts';

export interface PictureOptions {
  columns: number;
  /** Of each screen its last rows are shown. */
  rows: number;
  /** Read to people who do not see the picture. */
  title: string;
  /** How long each moment is shown; the last one twice as long. */
  seconds?: number;
}

/** Of a character, in pixels. Text is stretched to it, whatever font is there. */
const [WIDTH, HEIGHT, SIZE] = [8, 18, 13.5];
const MARGIN = 14;
const [PAPER, INK] = ['#1b1f24', '#d6dbe1'];
const COLOURS = ['#3b4252', '#f47067', '#8ddb8c', '#e0c46c', '#6cb6ff', '#dcbdfb', '#76d7d2', '#f0f3f6'];

/** Draws screens. Where nothing moves, by choice or for want of support, the last one is seen. */
export function picture(screens: readonly Screen[], { columns, rows, title, seconds = 4 }: PictureOptions): string {
  const [width, height] = [columns * WIDTH + 2 * MARGIN, rows * HEIGHT + 2 * MARGIN];
  const frames = screens.map((screen) => screen.slice(-rows).flatMap((cells, row) => rowElements(cells, row)));
  const groups = frames.map((elements, i) => `<g class="f${i}">\n${elements.join('\n')}\n</g>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>`,
    `text { font: ${SIZE}px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: ${INK}; white-space: pre; }`,
    ...(frames.length > 1 ? animation(frames.length, seconds) : []),
    `</style>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${PAPER}"/>`,
    ...groups,
    `</svg>`,
    ``,
  ].join('\n');
}

/** Each frame has its share of a loop, the last one two. */
function animation(count: number, seconds: number): string[] {
  const shares = count + 1;
  const percent = (share: number): string => `${Math.round((10_000 * share) / shares) / 100}%`;
  const rules = Array.from({ length: count }, (_, i) => {
    const until = i === count - 1 ? shares : i + 1;
    const steps = [
      ...(i > 0 ? [`0% { visibility: hidden }`] : []),
      `${percent(i)} { visibility: visible }`,
      ...(until < shares ? [`${percent(until)}, 100% { visibility: hidden }`] : [`100% { visibility: visible }`]),
    ];
    return `@keyframes k${i} { ${steps.join(' ')} } .f${i} { animation: k${i} ${shares * seconds}s step-end infinite; }`;
  });
  const hidden = Array.from({ length: count - 1 }, (_, i) => `.f${i}`).join(', ');
  return [`${hidden} { visibility: hidden; }`, '@media (prefers-reduced-motion: no-preference) {', ...rules, '}'];
}

/** Runs of characters that look the same; drawn ones apart from text, since they often come from another font. */
function rowElements(cells: readonly Cell[], row: number): string[] {
  const elements: string[] = [];
  for (let from = 0; from < cells.length;) {
    const first = cells[from]!;
    let to = from + 1;
    while (to < cells.length && cells[to]!.look === first.look && isDrawn(cells[to]!) === isDrawn(first)) to++;
    elements.push(...runElements(cells.slice(from, to), from, row));
    from = to;
  }
  return elements;
}

/** Box drawing, block elements and braille. */
function isDrawn({ character }: Cell): boolean {
  return /[\u2500-\u259f\u2800-\u28ff]/.test(character);
}

function runElements(cells: readonly Cell[], column: number, row: number): string[] {
  const text = cells.map(({ character }) => character).join('');
  const { look } = cells[0]!;
  if (text.trim() === '' && !look.inverse) return [];
  const indent = look.inverse ? 0 : text.length - text.trimStart().length;
  const shown = look.inverse ? text : text.trim();
  const x = MARGIN + (column + indent) * WIDTH;
  const y = MARGIN + row * HEIGHT;
  const length = [...shown].length * WIDTH;
  const box = look.inverse
    ? [`<rect x="${x}" y="${y}" width="${length}" height="${HEIGHT}" fill="${inkOf(look)}"/>`]
    : [];
  const attributes = [
    `x="${x}" y="${y + HEIGHT - 5}" textLength="${length}" lengthAdjust="spacingAndGlyphs"`,
    look.inverse ? `style="fill:${PAPER}"` : look.colour === undefined ? '' : `style="fill:${inkOf(look)}"`,
    look.bold ? 'font-weight="bold"' : '',
    look.dim ? 'opacity="0.6"' : '',
  ].filter((attribute) => attribute !== '');
  return [...box, `<text ${attributes.join(' ')}>${escaped(shown)}</text>`];
}

const inkOf = ({ colour }: Look): string => (colour === undefined ? INK : COLOURS[colour]!);

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
