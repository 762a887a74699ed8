/** @file A smaller model that drafts tokens: its keys and values are kept in step with the texts, and given back where these took another course. */
import { UserError } from '@arrowsmith/errors';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { KvSequence, KvUse } from '../kv/index.ts';
import { processLogits, sampleToken, tokenLogProbabilities } from '../sampling/index.ts';
import type { Drafter, DraftRequest } from './drafts.ts';
import {
  type CacheOptions,
  type ComputedTokens,
  type EngineModel,
  ModelPasses,
  type NextTokenScores,
  openStore,
} from './model-passes.ts';
import type { ActiveSequence } from './request.ts';

/** Verifying tokens that the draft model itself finds less likely costs more than it brings. */
const CONFIDENCE = 0.4;

export interface DraftModelOptions extends CacheOptions {
  /** Tokens that one pass computes at most. */
  passTokens: number;
  /** The least probability of a drafted token. */
  confidence?: number | undefined;
}

/** A text in the memory of the draft model. */
interface Follower {
  kv: KvSequence;
  /** Its tokens in flight: those of the last draft. */
  drafted: number[];
}

/** A draft that is being made; `count` tokens are still to come. */
interface Drafting extends DraftRequest {
  follower: Follower;
  draft: number[];
  rng: RandomGenerator;
}

export class DraftModel implements Drafter {
  readonly #passes: ModelPasses;
  readonly #options: DraftModelOptions;
  readonly #followers = new Map<ActiveSequence, Follower>();
  /** Those that there was no room for go without drafts. */
  readonly #without = new WeakSet<ActiveSequence>();

  constructor(model: EngineModel, options: DraftModelOptions) {
    this.#passes = new ModelPasses(model, openStore(model.config, options));
    this.#options = options;
  }

  get use(): KvUse {
    return this.#store.use();
  }

  /**
   * Drafts what the model itself would choose if its logits were these: with the same filters and processors, and the random numbers that the text's
   * next tokens are drawn with. So the draft is kept as far as both models draw the same.
   */
  async draft(asked: readonly DraftRequest[]): Promise<number[][]> {
    const drafts = asked.map(() => [] as number[]);
    let open = asked.flatMap(({ sequence, count }, i): Drafting[] => {
      const room = this.#options.contextLength - sequence.tokens.length + 1; // the last token is not read
      const follower = room > 0 ? this.#follow(sequence) : undefined;
      const draft = drafts[i];
      if (follower === undefined || draft === undefined || count < 1) return [];
      return [{ sequence, count: Math.min(count, room), follower, draft, rng: sequence.rng.clone() }];
    });
    while (open.length > 0) {
      const members = this.#extend(open);
      const scores = await this.#passes.compute([...members.values()]);
      for (const [i, [drafting, { kv, tokens }]] of [...members].entries()) {
        const { sequence, follower } = drafting;
        if (this.#followers.get(sequence) !== follower) continue; // nobody wants it any more
        if (drafting.draft.length === 0) this.#store.commit(kv, tokens);
        else follower.drafted.push(...tokens);
        for (const each of scores[i] ?? []) choose(drafting, each, this.#options.confidence);
      }
      open = open.filter((each) => this.#followers.get(each.sequence) === each.follower && each.count > 0);
    }
    return drafts;
  }

  release(sequence: ActiveSequence): void {
    const follower = this.#followers.get(sequence);
    if (follower === undefined) return;
    this.#followers.delete(sequence);
    this.#store.free(follower.kv);
  }

  check(): void {
    this.#store.check();
  }

  dispose(): void {
    this.#passes.dispose();
  }

  get #store() {
    return this.#passes.store;
  }

  /** The text as the draft model has read it, without what was not kept of its last draft; undefined where there is no room. */
  #follow(sequence: ActiveSequence): Follower | undefined {
    const { tokens, salt } = sequence;
    if (this.#without.has(sequence)) return undefined;
    const known = this.#followers.get(sequence);
    if (known === undefined) {
      const kv = this.#store.add(tokens, salt === undefined ? {} : { salt });
      if (kv === undefined) return this.#giveUp(sequence);
      const follower = { kv, drafted: [] };
      this.#followers.set(sequence, follower);
      return follower;
    }
    const { kv, drafted } = known;
    // The last token has to be read for the logits that follow it.
    const next = tokens.slice(kv.length, -1);
    const differs = drafted.findIndex((id, i) => id !== next[i]);
    this.#store.commit(kv, differs === -1 ? drafted : drafted.slice(0, differs));
    known.drafted = [];
    return known;
  }

  /** The tokens of the next pass, with room for each. */
  #extend(open: readonly Drafting[]): Map<Drafting, ComputedTokens> {
    const members = new Map<Drafting, ComputedTokens>();
    let budget = this.#options.passTokens;
    for (const drafting of open) {
      if (budget === 0) break;
      const { kv } = drafting.follower;
      const missing = [...drafting.sequence.tokens, ...drafting.draft].slice(kv.length + kv.inFlight);
      const tokens = missing.slice(0, budget);
      if (!this.#store.extend(kv, tokens.length)) {
        this.#giveUp(drafting.sequence);
        continue;
      }
      members.set(drafting, { kv, tokens, wanted: tokens.length < missing.length ? [] : [tokens.length - 1] });
      budget -= tokens.length;
    }
    return members;
  }

  #giveUp(sequence: ActiveSequence): undefined {
    this.release(sequence);
    this.#without.add(sequence);
  }
}

/** The next token of a draft, which is done where the text would end, cannot go on, or is anybody’s guess. */
function choose(drafting: Drafting, { logits }: NextTokenScores, confidence = CONFIDENCE): void {
  const { sequence, draft, rng } = drafting;
  const { request, output, processors } = sequence;
  const { parameters, prompt, endTokens = [] } = request;
  drafting.count--;
  try {
    const text = { prompt, output: [...output, ...draft] };
    const processed = processLogits(logits, processors, text);
    const id = sampleToken(processed, parameters, rng);
    const isLikely = Math.exp(tokenLogProbabilities(processed, id).logProbability) >= confidence;
    if (isLikely && !endTokens.includes(id)) draft.push(id);
    else drafting.count = 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    drafting.count = 0;
  }
}
