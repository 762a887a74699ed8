/** @file What a server has done, and does at the moment, in the text format of Prometheus. */
import type { EngineState } from '@arrowsmith/generation';
import type { TokenMeter } from './continue-text.ts';
import type { Usage } from './responses/usage.ts';

/** Upper limits, in seconds. */
const FIRST_TOKEN = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const NEXT_TOKEN = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

export class Metrics implements TokenMeter {
  readonly #requests = new Map<string, number>();
  #promptTokens = 0;
  #cachedTokens = 0;
  #completionTokens = 0;
  readonly #first = new Histogram(FIRST_TOKEN);
  readonly #next = new Histogram(NEXT_TOKEN);

  /** @param path of those that there are: it becomes a label */
  request(path: string, status: number): void {
    const labels = `path="${path}",status="${status}"`;
    this.#requests.set(labels, (this.#requests.get(labels) ?? 0) + 1);
  }

  token(seconds: number, isFirst: boolean): void {
    this.#completionTokens++;
    (isFirst ? this.#first : this.#next).add(seconds);
  }

  /** What the prompts of a request took. */
  used({ prompt_tokens: prompt, prompt_tokens_details: details }: Usage): void {
    this.#promptTokens += prompt;
    this.#cachedTokens += details.cached_tokens;
  }

  /** @param states of the engines that there are, by their models */
  text(states: ReadonlyMap<string, EngineState>): string {
    const ofModels = (value: (state: EngineState) => number): [string, number][] =>
      [...states].map(([model, state]) => [`model="${escaped(model)}"`, value(state)]);
    return [
      ...family('requests_total', 'counter', 'Requests by path and status.', [...this.#requests]),
      ...family('prompt_tokens_total', 'counter', 'Tokens of prompts.', [['', this.#promptTokens]]),
      ...family('cached_tokens_total', 'counter', 'Tokens of prompts that were in memory.', [['', this.#cachedTokens]]),
      ...family('completion_tokens_total', 'counter', 'Tokens that were made.', [['', this.#completionTokens]]),
      ...family(
        'texts_running',
        'gauge',
        'Texts with keys and values in memory.',
        ofModels(({ running }) => running),
      ),
      ...family(
        'texts_waiting',
        'gauge',
        'Texts that wait for memory.',
        ofModels(({ waiting }) => waiting),
      ),
      ...family(
        'cache_held_bytes',
        'gauge',
        'Memory for keys and values that texts hold.',
        ofModels(({ memory }) => memory.held),
      ),
      ...family(
        'cache_reusable_bytes',
        'gauge',
        'Memory of keys and values kept for prompts to come.',
        ofModels(({ memory }) => memory.cached),
      ),
      ...family(
        'cache_capacity_bytes',
        'gauge',
        'Memory for keys and values.',
        ofModels(({ memory }) => memory.capacity),
      ),
      ...family(
        'drafted_tokens_total',
        'counter',
        'Tokens that were drafted, and verified.',
        ofModels(({ drafts }) => drafts.drafted),
      ),
      ...family(
        'accepted_tokens_total',
        'counter',
        'Drafted tokens that were kept.',
        ofModels(({ drafts }) => drafts.accepted),
      ),
      ...this.#first.lines('time_to_first_token_seconds', 'From a request to its first token.'),
      ...this.#next.lines('time_per_token_seconds', 'From a token to the next of the same text.'),
      '',
    ].join('\n');
  }
}

class Histogram {
  readonly #limits: readonly number[];
  /** Of values up to each limit, and not to the one before it; the last is of those above all. */
  readonly #counts: number[];
  #sum = 0;

  constructor(limits: readonly number[]) {
    this.#limits = limits;
    this.#counts = [...limits, Infinity].map(() => 0);
  }

  add(value: number): void {
    const found = this.#limits.findIndex((limit) => value <= limit);
    const place = found === -1 ? this.#limits.length : found;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#sum += value;
  }

  lines(name: string, help: string): string[] {
    let count = 0;
    const buckets = [...this.#limits, '+Inf'].map((limit, i) => {
      count += this.#counts[i] ?? 0;
      return `${PREFIX}${name}_bucket{le="${limit}"} ${count}`;
    });
    return [
      ...heading(name, 'histogram', help),
      ...buckets,
      `${PREFIX}${name}_sum ${this.#sum}`,
      `${PREFIX}${name}_count ${count}`,
    ];
  }
}

const PREFIX = 'arrowsmith_';

const heading = (name: string, type: string, help: string): string[] => [
  `# HELP ${PREFIX}${name} ${help}`,
  `# TYPE ${PREFIX}${name} ${type}`,
];

/** @param samples values by their labels */
function family(name: string, type: string, help: string, samples: readonly (readonly [string, number])[]): string[] {
  const lines = samples.map(([labels, value]) => `${PREFIX}${name}${labels === '' ? '' : `{${labels}}`} ${value}`);
  return [...heading(name, type, help), ...lines];
}

/** The value of a label. */
const escaped = (value: string): string => value.replaceAll(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
