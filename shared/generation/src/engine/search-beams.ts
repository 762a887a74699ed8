/** @file Beam search by a model: beams share the keys and values of what they have in common. */
import { beamSearch, type BeamSearchOptions, type FinishedBeam, logSoftmax, type OpenBeam } from '../sampling/index.ts';
import type { KvSequence } from '../kv/index.ts';
import { checkOptions } from '../check-options.ts';
import { checkLogits } from './check-logits.ts';
import { passOptions } from './engine-options.ts';
import { type CacheOptions, type EngineModel, ModelPasses, type NextTokenScores, openStore } from './model-passes.ts';
import { passSize } from './pass-size.ts';
import { checkPrompt } from '../prompt.ts';

export interface BeamOptions extends BeamSearchOptions, Pick<CacheOptions, 'cache' | 'blockSize'> {
  /** Tokens of the prompt that one pass computes at most; by default as an engine does where nothing is written. */
  passTokens?: number;
  /** Checked before each token; throws its reason. */
  signal?: AbortSignal | undefined;
}

/**
 * The likeliest continuations of a prompt, as `beamSearch` defines them. They end where the context is full, too.
 *
 * @returns finished beams, the best first
 * @throws UserError when the prompt is empty, longer than the context, or has an id outside of the vocabulary
 */
export async function searchBeams(
  model: EngineModel,
  prompt: readonly number[],
  { cache, blockSize, passTokens, signal, ...options }: BeamOptions,
): Promise<FinishedBeam[]> {
  checkOptions(passOptions, { cache, blockSize, passTokens }, { what: 'beams cannot be searched with these options' });
  checkPrompt(prompt, model.config);
  // The last token is not read.
  const maximumTokens = Math.min(options.maximumTokens, model.config.contextLength - prompt.length + 1);
  const contextLength = prompt.length + maximumTokens - 1;
  const memory = { cache, blockSize, contextLength, contexts: options.beams + 1 };
  const passes = new ModelPasses(model, openStore(model.config, memory));
  const tree = new BeamTree(passes, prompt, passSize(model.config, passTokens).prompts);
  try {
    return await beamSearch(
      async (beams) => {
        signal?.throwIfAborted();
        const scores = await tree.read(beams);
        return scores.map((each, i) => {
          checkLogits(each, model, [...prompt, ...(beams[i]?.tokens ?? [])]);
          return logSoftmax(each.logits);
        });
      },
      { ...options, maximumTokens },
    );
  } finally {
    tree.dispose();
    passes.dispose();
  }
}

/** The open beams in memory. */
export class BeamTree {
  readonly #passes: ModelPasses;
  readonly #prompt: readonly number[];
  readonly #passTokens: number;
  /** Of the beams that were read last. */
  #sequences: KvSequence[] = [];

  constructor(passes: ModelPasses, prompt: readonly number[], passTokens: number) {
    this.#passes = passes;
    this.#prompt = prompt;
    this.#passTokens = passTokens;
  }

  /** Reads the last token of each beam, or the prompt. @returns the scores of the tokens that follow them */
  async read(beams: readonly OpenBeam[]): Promise<NextTokenScores[]> {
    if (this.#sequences.length === 0) return [await this.#readPrompt()];
    this.#sequences = this.#continued(beams.map(({ parent }) => parent));
    const last = beams.map(({ tokens }) => tokens.slice(-1));
    return this.#compute(this.#sequences, last);
  }

  dispose(): void {
    for (const sequence of this.#sequences.splice(0)) this.#store.free(sequence);
  }

  get #store() {
    return this.#passes.store;
  }

  /** The prompt, in pieces. */
  async #readPrompt(): Promise<NextTokenScores> {
    const sequence = this.#store.add(this.#prompt);
    if (sequence === undefined) throw noRoom();
    this.#sequences = [sequence];
    let scores: NextTokenScores[] = [];
    while (sequence.length < this.#prompt.length) {
      const piece = this.#prompt.slice(sequence.length, sequence.length + this.#passTokens);
      scores = await this.#compute([sequence], [piece]);
    }
    const [last] = scores;
    if (last === undefined) throw new Error('the prompt is empty');
    return last;
  }

  /** Sequences that continue their parents: the last child of each is the parent itself, the others are forks, and who has no child goes. */
  #continued(parents: readonly number[]): KvSequence[] {
    for (const [i, sequence] of this.#sequences.entries()) if (!parents.includes(i)) this.#store.free(sequence);
    return parents.map((parent, i) => {
      const sequence = this.#sequences[parent];
      if (sequence === undefined) throw new RangeError(`there is no beam ${parent} to continue`);
      if (parents.lastIndexOf(parent) === i) return sequence;
      const fork = this.#store.fork(sequence);
      if (fork === undefined) throw noRoom();
      return fork;
    });
  }

  /** One pass over new tokens of each sequence. @returns the scores behind the last ones */
  async #compute(sequences: readonly KvSequence[], tokens: readonly (readonly number[])[]): Promise<NextTokenScores[]> {
    const members = sequences.map((kv, i) => {
      const own = tokens[i] ?? [];
      if (!this.#store.extend(kv, own.length)) throw noRoom();
      return { kv, tokens: own, wanted: [own.length - 1] };
    });
    const scores = await this.#passes.compute(members);
    for (const { kv, tokens: own } of members) this.#store.commit(kv, own);
    return scores.flat();
  }
}

const noRoom = (): Error => new Error('there is no room for as many beams as the memory was made for');
