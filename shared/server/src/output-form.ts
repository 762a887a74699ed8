/** @file The form that a request asks its texts to have, as what excludes tokens. */
import {
  type Automaton,
  checkNesting,
  constrainOutput,
  jsonSchemaAutomaton,
  type LogitsProcessor,
  regularExpressionAutomaton,
  type TokenTrie,
} from '@arrowsmith/generation';

/** JSON that a schema accepts, or what a regular expression matches as a whole. */
export type OutputForm = { jsonSchema: unknown } | { regularExpression: string };

/** States of an automaton: all others wait while it is made, a tenth of a second for so many. */
const MOST_STATES = 50_000;

/** Forms that are kept. */
const MOST_KEPT = 8;

/** Numbers of an automaton that is kept, which has more and more while texts are made with it. */
const MOST_NUMBERS = 4 * 2 ** 20;

/** What forms exclude. The latest are kept, with what is known of them: a program asks for the same one again and again. */
export class OutputForms {
  readonly #vocabulary: () => TokenTrie;
  readonly #ends: readonly number[];
  readonly #kept = new Map<string, { automaton: Automaton; process: LogitsProcessor }>();

  /**
   * @param vocabulary is asked for once there is a form
   * @param ends tokens that end a text
   */
  constructor(vocabulary: () => TokenTrie, ends: Iterable<number>) {
    this.#vocabulary = vocabulary;
    this.#ends = [...ends];
  }

  /** @throws UserError for a form that cannot be followed, and one that is too large or nested too deeply */
  processor(form: OutputForm): LogitsProcessor {
    if ('jsonSchema' in form) checkNesting(form.jsonSchema);
    const name = JSON.stringify(form);
    const known = this.#kept.get(name);
    const made = known === undefined || known.automaton.size > MOST_NUMBERS ? this.#make(form) : known;
    this.#kept.delete(name);
    this.#kept.set(name, made); // now the latest
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return made.process;
  }

  #make(form: OutputForm): { automaton: Automaton; process: LogitsProcessor } {
    const limits = { mostStates: MOST_STATES };
    const automaton =
      'jsonSchema' in form
        ? jsonSchemaAutomaton(form.jsonSchema, limits)
        : regularExpressionAutomaton(form.regularExpression, limits);
    return { automaton, process: constrainOutput(automaton, this.#vocabulary(), this.#ends) };
  }
}
