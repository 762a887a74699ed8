/** @file A conversation with a model, which remembers it as far as the context reaches. */
import { UserError } from '@arrowsmith/errors';
import type { ChatTemplateSource, TextGeneration, TextModel, TextOptions } from '@arrowsmith/generation';
import { chatTemplate } from './chat-template.ts';
import { type History, storyHistory, templateHistory, type Turn } from './history.ts';
import { PLAIN_STOPS, plainTurns } from './plain-turns.ts';

/** How the model answers from now on. */
export interface ChatSettings extends TextOptions {
  /** Tokens of thought at most; `off` for none. Absent: as the model likes. */
  thinking?: number | 'off' | undefined;
}

/** What a conversation begins with. */
export interface ChatOptions {
  /** What the model is told before it. */
  system?: string | undefined;
  /** How it is written: by a template, or `plain`, as `user: …`, with an empty line between two turns. Default: by the model's own template. */
  template?: ChatTemplateSource | 'plain' | undefined;
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
 * A conversation by a chat template, the model's or another; without any, a text that both write. Keys and values of what was said are in the
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
  /** Whether what is typed is continued, and not answered. */
  readonly isStory: boolean;
  /** Strings that end an answer, whatever is set. */
  readonly #stop: readonly string[];

  /** @throws UserError for a template that is not understood, and a system message where there is none */
  constructor(model: TextModel, settings: ChatSettings = {}, { system, template }: ChatOptions = {}) {
    const source = template ?? model.parts.chatTemplate;
    this.#model = model;
    this.settings = settings;
    this.isStory = source === undefined;
    this.#stop = source === 'plain' ? PLAIN_STOPS : [];
    if (source === undefined && system !== undefined) throw withoutTemplate(model.name);
    if (source === undefined) {
      this.#history = storyHistory(model);
    } else if (source === 'plain') {
      this.#history = templateHistory(model, plainTurns, { system, allowSpecial: false });
    } else {
      const { beginOfText, parts } = model;
      const own = { bos_token: nameOf(model, beginOfText), eos_token: nameOf(model, parts.endOfText) };
      this.#history = templateHistory(model, chatTemplate(source.source, { ...own, ...source.tokens }), {
        system,
        thinks: () => this.settings.thinking !== 'off',
      });
    }
  }

  get turns(): readonly Turn[] {
    return this.#turns;
  }

  /**
   * Has the model answer. In a story nothing may be said, and it goes on. Where the answer fails, nothing was said; where a signal stops it, it
   * is remembered as far as it came.
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
    const stop = [...(options.stop ?? []), ...this.#stop];
    const generation = this.#model.generate(prompt, { ...options, ...limit, stop, seed, signal });
    this.#answers++;
    this.#turns.push(turn);
    const leftOut = this.#hidden - hidden;
    const forget = (): void => {
      if (signal?.aborted === true) return;
      this.#turns = this.#turns.filter((each) => each !== turn);
      this.#hidden = hidden;
    };
    return { said, pieces: remembered(generation, turn, forget), generation, leftOut };
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

/** The pieces of an answer, of which a turn takes note. @param forget is called where it fails */
async function* remembered(
  generation: TextGeneration,
  turn: Turn,
  forget: () => void,
): AsyncGenerator<string, void, undefined> {
  try {
    yield* generation;
  } catch (error) {
    forget();
    throw error;
  } finally {
    const { text, tokens, finishReason } = generation.soFar;
    turn.answer = text;
    turn.tokens = tokens;
    turn.isEnded = finishReason === 'model';
  }
}

/** What a special token is written as. */
const nameOf = (model: TextModel, id: number): string =>
  model.parts.tokenizer.specialTokens.find((each) => each.id === id)?.content ?? '';

const withoutTemplate = (name: string): UserError =>
  new UserError({
    what: 'the model has no chat template, and reads no system message',
    where: name,
    expected: 'a model that was trained on conversations, or --chatTemplate',
    found: 'a model that continues texts',
    fix: 'leave --system out, or say how conversations are written: --chatTemplate=plain',
  });

const tooLong = (length: number, contextLength: number): UserError =>
  new UserError({
    what: 'this is longer than the model’s context',
    expected: `fewer than ${contextLength} tokens`,
    found: `${length}`,
    fix: 'say less at once',
  });
