/** @file A conversation with a model, which remembers it as far as the context reaches. */
import { UserError } from '@arrowsmith/errors';
import type { TextGeneration, TextModel, TextOptions } from '@arrowsmith/generation';
import { chatTemplate } from './chat-template.ts';
import { type History, storyHistory, templateHistory, type Turn } from './history.ts';

/** How the model answers from now on. */
export interface ChatSettings extends TextOptions {
  /** Tokens of thought at most; `off` for none. Absent: as the model likes. */
  thinking?: number | 'off' | undefined;
}

/** An answer that is being given. */
export interface Answer {
  /** What was said, as the model has it: a story goes on behind a space. */
  said: string;
  /** Pieces of the answer; what is read of it is remembered. */
  pieces: AsyncIterable<string>;
  generation: TextGeneration;
  /** More of the beginning is left out than before, as the context holds it no longer: turns of a conversation, tokens of a story. */
  leftOut: number;
}

/**
 * A conversation by the model's chat template; with a model that has none, a text that both write. Keys and values of what was said are in the
 * model's memory from answer to answer, and are not computed again.
 */
export class ChatSession {
  readonly #model: TextModel;
  readonly #history: History;
  #turns: Turn[] = [];
  /** How much of the beginning the model does not see any more, as the history counts. */
  #hidden = 0;
  /** Answers so far, those that were taken back included: each has random numbers of its own. */
  #answers = 0;
  settings: ChatSettings;

  /** @throws UserError for a template that is not understood, and a system message where there is none */
  constructor(model: TextModel, settings: ChatSettings = {}, { system }: { system?: string | undefined } = {}) {
    const { chatTemplate: source } = model.parts;
    this.#model = model;
    this.settings = settings;
    if (source === undefined && system !== undefined) throw withoutTemplate(model.name);
    this.#history =
      source === undefined
        ? storyHistory(model)
        : templateHistory(model, chatTemplate(source.source, source.tokens), {
            system,
            thinks: () => this.settings.thinking !== 'off',
          });
  }

  /** Whether what is typed is continued, and not answered. */
  get isStory(): boolean {
    return this.#model.parts.chatTemplate === undefined;
  }

  get turns(): readonly Turn[] {
    return this.#turns;
  }

  /**
   * Has the model answer. In a story nothing may be said, and it goes on.
   *
   * @throws UserError for what is longer than the context, and for settings that cannot be
   */
  say(line: string, signal?: AbortSignal): Answer {
    const said = this.#history.joined(this.#turns, line);
    const turn: Turn = { said, answer: '', tokens: [], isEnded: false };
    const hidden = this.#hidden;
    const prompt = this.#promptOf([...this.#turns, turn]);
    const { thinking, ...options } = this.settings;
    const seed = ((options.seed ?? 1) + this.#answers) % 2 ** 31;
    const thinkingTokens = thinking === 'off' ? 0 : thinking;
    const limit = this.#model.thinkingTags === undefined ? {} : { thinkingTokens };
    const generation = this.#model.generate(prompt, { ...options, ...limit, seed, signal });
    this.#answers++;
    this.#turns.push(turn);
    return { said, pieces: remembered(generation, turn), generation, leftOut: this.#hidden - hidden };
  }

  /** Takes the last turn back. @returns whether there was one */
  undo(): boolean {
    this.#hidden = 0; // maybe more fits again
    return this.#turns.pop() !== undefined;
  }

  /** Forgets everything. */
  reset(): void {
    this.#turns = [];
    this.#hidden = 0;
  }

  /** All that was said, also what the model does not see any more. */
  text(): string {
    return this.#history.text(this.#turns);
  }

  /** The tokens of what fits: where there is no room for an answer any more, the oldest is left out until half of the context is free. */
  #promptOf(turns: readonly Turn[]): number[] {
    const { contextLength } = this.#model;
    const { maximumTokens = Infinity } = this.settings;
    const room = Math.min(maximumTokens, Math.ceil(contextLength / 4));
    const prompt = this.#history.prompt(turns, this.#hidden);
    if (prompt.length + room <= contextLength) return prompt;
    const hidden = this.#history.hide(turns, this.#hidden, Math.floor(contextLength / 2));
    const shorter = this.#history.prompt(turns, hidden);
    if (shorter.length >= contextLength) throw tooLong(shorter.length, contextLength);
    this.#hidden = hidden;
    return shorter;
  }
}

/** The pieces of an answer, of which a turn takes note. */
async function* remembered(generation: TextGeneration, turn: Turn): AsyncGenerator<string, void, undefined> {
  try {
    yield* generation;
  } finally {
    const { text, tokens, finishReason } = generation.soFar;
    turn.answer = text;
    turn.tokens = tokens;
    turn.isEnded = finishReason === 'model';
  }
}

const withoutTemplate = (name: string): UserError =>
  new UserError({
    what: 'the model has no chat template, and reads no system message',
    where: name,
    expected: 'a model that was trained on conversations',
    found: 'a model that continues texts',
    fix: 'leave --system out',
  });

const tooLong = (length: number, contextLength: number): UserError =>
  new UserError({
    what: 'this is longer than the model’s context',
    expected: `fewer than ${contextLength} tokens`,
    found: `${length}`,
    fix: 'say less at once',
  });
