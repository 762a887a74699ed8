/** @file Settings of a conversation, as they are typed. */
import { UserError } from '@arrowsmith/errors';
import type { ChatSettings } from '../chat/chat-session.ts';
import { parameterName, presetOf, readSampling, samplingOptions, type WrittenSampling } from './sampling-options.ts';
import { readNumber } from './values.ts';

const THINKING = 'thinking';

/** What was typed, by name; and what it means. */
export class WrittenSettings {
  #written: WrittenSampling;
  #thinking: string | undefined;
  readonly #thinks: boolean;

  /**
   * @param thinks whether the model has thoughts that can be limited
   * @param thinking their limit
   * @throws UserError for a limit of what there is not
   */
  constructor(written: WrittenSampling, thinks: boolean, thinking?: string) {
    this.#written = written;
    this.#thinks = thinks;
    this.#thinking = thinking;
    if (!thinks && thinking !== undefined) throw withoutThoughts(thinking);
  }

  /** @throws UserError for a value that a setting cannot have */
  read(): ChatSettings {
    return {
      ...readSampling(this.#written),
      ...(this.#thinking === undefined ? {} : { thinking: readThinking(this.#thinking) }),
    };
  }

  /**
   * Changes a setting; without a value, takes it back.
   *
   * @throws UserError for an unknown name, and for a value that it cannot have; then all stays as it was
   */
  set(name: string, value: string | undefined): void {
    const [written, thinking] = [this.#written, this.#thinking];
    try {
      this.#change(name, value);
      this.read();
    } catch (error) {
      this.#written = written;
      this.#thinking = thinking;
      throw error;
    }
  }

  /** Name and value of each. */
  list(): [name: string, value: string][] {
    const names = Object.keys(samplingOptions) as (keyof typeof samplingOptions)[];
    const shown = names.map((name): [string, string] => {
      const value = this.#written[name];
      return [name, (Array.isArray(value) ? value.join('  ') : value) ?? presetOf(name)];
    });
    return this.#thinks ? [...shown, [THINKING, this.#thinking ?? 'as the model likes']] : shown;
  }

  #change(name: string, value: string | undefined): void {
    if (this.#thinks && name.toLowerCase() === THINKING) {
      this.#thinking = value;
      return;
    }
    const known = parameterName(name, this.#thinks ? [THINKING] : []);
    const { stop = [] } = this.#written;
    if (known !== 'stop') this.#written = { ...this.#written, [known]: value };
    else this.#written = { ...this.#written, stop: value === undefined ? [] : [...stop, value] };
  }
}

/** Tokens of thought at most, as they are written. @throws UserError for what is no limit */
export function readThinking(written: string | undefined): number | 'off' | undefined {
  if (written === 'off') return 'off';
  try {
    return readNumber(THINKING, written, { least: 0, whole: true });
  } catch (cause) {
    const found = String(written);
    throw new UserError(
      {
        what: 'thinking is not understood',
        expected: 'tokens at most, or off',
        found,
        fix: '/set thinking 256, or --thinking=256',
      },
      { cause },
    );
  }
}

const withoutThoughts = (thinking: string): UserError =>
  new UserError({
    what: 'the model has no thoughts that could be limited',
    expected: 'a model with the tokens <think> and </think>',
    found: `--thinking=${thinking}`,
    fix: 'leave --thinking out',
  });
