/** @file The settings of the form, whose limits the browser has checked. */
import { element } from './element.ts';

export interface Settings {
  temperature: number;
  topK: number;
  topP: number;
  maximumTokens: number;
  seed: number;
}

/** What the form says; without a seed, any. */
export function readSettings(): Settings {
  const number = (id: string) => element(id, HTMLInputElement).valueAsNumber;
  const seed = number('seed');
  return {
    temperature: number('temperature'),
    topK: number('topK'),
    topP: number('topP'),
    maximumTokens: number('maximumTokens'),
    seed: Number.isNaN(seed) ? Math.floor(Math.random() * 1e6) : seed,
  };
}
