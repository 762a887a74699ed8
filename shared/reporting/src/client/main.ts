/** @file The page's script: draws every figure. */
import { showFigure } from './figure.ts';

for (const figure of document.querySelectorAll<HTMLElement>('figure.lines')) showFigure(figure);
