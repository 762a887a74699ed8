/** @file A figure on the page: draws its panels at the page's width, and reads them out at the pointer or by keyboard, all at the same x. */
import { drawPanel } from './draw-panel.ts';
import { type PanelLines, readFigure } from './figure-data.ts';
import { nearest, readOut, type Scale, type View } from './read-out.ts';

/** Pixels; less where the page is narrow. */
const HEIGHT = { wide: 330, narrow: 210 };
const LEAST_HEIGHT = 190;
const ASPECT = 0.62;

export function showFigure(figure: HTMLElement): void {
  const { xName, panels } = readFigure(figure);
  const elements = [...figure.querySelectorAll<HTMLElement>('.panel')];
  const views = panels.map((panel, i) => viewOf(panel, elements[i]!));
  const ends = views.flatMap(({ stops }) => [stops[0], stops.at(-1)]).filter((x) => x !== undefined);
  const span = [Math.min(...ends), Math.max(...ends)] as const;

  let now: number | undefined;
  const show = (x: number | undefined): void => {
    now = x;
    for (const view of views) readOut(view, x, xName);
  };
  const redraw = (): void => {
    for (const view of views) draw(view, span);
    show(now);
  };
  for (const view of views) {
    const { plot, stops } = view;
    plot.setAttribute('aria-valuemin', String(stops[0] ?? 0));
    plot.setAttribute('aria-valuemax', String(stops.at(-1) ?? 0));
    plot.addEventListener('pointermove', ({ clientX }) => show(xAt(view, clientX)));
    plot.addEventListener('pointerdown', ({ clientX }) => show(xAt(view, clientX)));
    plot.addEventListener('pointerleave', ({ pointerType }) => pointerType !== 'touch' && show(undefined)); // a finger that is lifted leaves, too
    plot.addEventListener('focus', () => plot.matches(':focus-visible') && show(now ?? stops.at(-1)));
    plot.addEventListener('blur', () => show(undefined));
    plot.addEventListener('keydown', (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const next = event.key === 'Escape' ? null : step(stops, now, event.key);
      if (next === undefined) return;
      event.preventDefault();
      show(next ?? undefined);
    });
  }
  let width = -1;
  new ResizeObserver(() => {
    if (figure.clientWidth === width || figure.clientWidth === 0) return;
    width = figure.clientWidth;
    redraw();
  }).observe(figure);
}

function viewOf(panel: PanelLines, element: HTMLElement): View {
  const values = [...element.querySelectorAll<HTMLElement>('.value')];
  return {
    ...panel,
    element,
    plot: element.querySelector<HTMLElement>('.plot')!,
    at: element.querySelector<HTMLElement>('.at')!,
    values,
    atRest: values.map(({ textContent }) => textContent!),
    stops: [...new Set(panel.lines.flatMap(({ x }) => x))].sort((a, b) => a - b),
  };
}

function draw(view: View, span: readonly [number, number]): void {
  const width = view.plot.clientWidth;
  const height = view.element.classList.contains('wide') ? HEIGHT.wide : HEIGHT.narrow;
  if (view.stops.length === 0) return;
  const { drawing, averaged } = drawPanel(view, {
    width,
    height: Math.min(height, Math.max(LEAST_HEIGHT, width * ASPECT)),
    span,
  });
  drawing.setAttribute('aria-hidden', 'true'); // the slider around it says what it shows
  const [x, y] = [drawing.scale('x'), drawing.scale('y')] as unknown as [Scale, Scale];
  const crosshair = document.createElementNS('http://www.w3.org/2000/svg', 'g');
  crosshair.setAttribute('class', 'crosshair');
  drawing.append(crosshair);
  view.drawn = { x, y, svg: drawing as SVGSVGElement, crosshair };
  view.plot.replaceChildren(drawing);
  view.element.dataset['averaged'] =
    averaged === undefined ? '' : `line: mean of ${averaged} points; band: their range`;
}

function xAt({ drawn }: View, clientX: number): number | undefined {
  if (drawn === undefined) return undefined;
  const { left, width } = drawn.svg.getBoundingClientRect();
  return drawn.x.invert(((clientX - left) * drawn.svg.width.baseVal.value) / width); // a printed page scales the drawing
}

/** Where a key leads to from x; undefined for other keys. */
function step(stops: readonly number[], x: number | undefined, key: string): number | undefined {
  const last = stops.length - 1;
  const i = x === undefined ? last : stops.indexOf(nearest(stops, x));
  const page = Math.max(1, Math.round(stops.length / 10));
  const moves: Record<string, number> = {
    ArrowLeft: i - 1,
    ArrowDown: i - 1,
    ArrowRight: i + 1,
    ArrowUp: i + 1,
    PageDown: i - page,
    PageUp: i + page,
    Home: 0,
    End: last,
  };
  const to = moves[key];
  return to === undefined ? undefined : stops[Math.min(last, Math.max(0, to))];
}
