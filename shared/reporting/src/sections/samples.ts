/** @file Generated texts, side by side where prompt, method and seed are the same. */
import { html, type Child, type Html } from '../html.ts';
import { formatNumber } from '../format.ts';
import { type Entry, numbersOf, textsOf } from './entry.ts';

interface Sample {
  /** Run and model. */
  by: string;
  how: string;
  prompt: string;
  text: string;
  finished: boolean;
}

/** Prompts that are unfolded from the start. */
const OPEN_PROMPTS = 2;

export function samples(entries: readonly Entry[]): Html {
  const all = entries.flatMap(readSamples);
  if (all.length === 0) return html`<p class="note">No texts were generated: evaluate has no prompts.</p>`;
  return html`<h3>Samples</h3>
    ${[...groupBy(all, ({ prompt }) => prompt)].map(
      ([prompt, ofPrompt], at) =>
        html`<details class="prompt" ${at < OPEN_PROMPTS && html` open`}>
          <summary>${prompt === '' ? 'No prompt' : html`“${prompt}”`}</summary>
          ${[...groupBy(ofPrompt, ({ how }) => how)].map(
            ([how, alike]) =>
              html`<h4>${how}</h4>
                <div class="samples">${alike.map(renderSample)}</div>`,
          )}
        </details>`,
    )}`;
}

function renderSample({ by, prompt, text, finished }: Sample): Html {
  const continued: Child = text.startsWith(prompt) ? html`<b>${prompt}</b>${text.slice(prompt.length)}` : text;
  return html`<figure class="sample">
    <figcaption>${by}</figcaption>
    <pre>${continued}${!finished && html`<span class="cut" title="cut at the limit of tokens"> …</span>`}</pre>
  </figure>`;
}

function readSamples({ label, table }: Entry): Sample[] {
  const [models, methods, prompts, texts] = ['model', 'method', 'prompt', 'text'].map((name) =>
    textsOf(table, name),
  ) as [string[], string[], string[], string[]];
  const [temperature, topK, topP, seed] = ['temperature', 'topK', 'topP', 'seed'].map((name) => numbersOf(table, name));
  const said = (values: readonly (number | undefined)[] | undefined, row: number, name: string, silent: number) =>
    values?.[row] === undefined || values[row] === silent ? [] : [`${name} ${formatNumber(values[row])}`];
  return texts.map((text, row) => ({
    by: [label, models[row]].filter(Boolean).join(', '),
    how: [
      ...(methods[row] === 'temperature' ? [] : [methods[row] ?? '']), // its number says it
      ...said(temperature, row, 'temperature', 0),
      ...said(topK, row, 'top-k', 0),
      ...said(topP, row, 'top-p', 1),
      ...said(seed, row, 'seed', NaN),
    ].join(' · '),
    prompt: prompts[row] ?? '',
    text,
    finished: table.columns['finished']?.[row] !== false,
  }));
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}
