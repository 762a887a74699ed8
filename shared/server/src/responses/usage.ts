/** @file How many tokens a request took. */
import type { TextEvent } from '../continue-text.ts';
import type { Prompt } from '../served-model.ts';

/** As OpenAI tells it. */
export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
}

/** Counts what the texts of a request take. A prompt of which several texts are made counts once. */
export class UsageCount {
  readonly #perPrompt: number;
  readonly #promptTokens: number;
  #cachedTokens = 0;
  #completionTokens = 0;

  /** @param perPrompt texts of each prompt, which follow each other */
  constructor(prompts: readonly Prompt[], perPrompt: number) {
    this.#perPrompt = perPrompt;
    this.#promptTokens = prompts.reduce((sum, { ids }) => sum + ids.length, 0);
  }

  /** @param index of the text */
  add(event: TextEvent, index: number): void {
    if (event.kind === 'prompt' && index % this.#perPrompt === 0) this.#cachedTokens += event.cachedTokens;
    if (event.kind === 'end') this.#completionTokens += event.tokens;
  }

  get usage(): Usage {
    return {
      prompt_tokens: this.#promptTokens,
      completion_tokens: this.#completionTokens,
      total_tokens: this.#promptTokens + this.#completionTokens,
      prompt_tokens_details: { cached_tokens: this.#cachedTokens },
    };
  }
}
