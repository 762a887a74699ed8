/**
 * @file What an engine computes next: continuous batching (Orca, Yu et al. 2022), with prompts in pieces beside tokens of other sequences (Sarathi,
 * Agrawal et al. 2024, https://arxiv.org/abs/2403.02310), and preemption where memory does not suffice.
 */
import type { KvSequence } from '../kv/index.ts';
import type { PassSize } from './pass-size.ts';
import type { ActiveSequence } from './request.ts';
import type { SequenceStore } from './sequence-store.ts';

/** How a sequence gives its memory to others: its keys and values are computed anew later, or kept outside meanwhile. */
export type Preemption = 'recompute' | 'swap';

/** Tokens that another sequence is computing just now are worth waiting for. */
const WORTH_WAITING = 64;

export interface SchedulerOptions {
  passSize: PassSize;
  /** Sequences in memory at most. */
  sequences: number;
  preemption: Preemption;
  /** Is called for a sequence that has no memory any more. */
  release?: ((sequence: ActiveSequence) => void) | undefined;
}

/** A sequence that has room for the tokens that a pass is to compute: some of its own, and behind them of its draft. */
export interface ScheduledSequence {
  sequence: ActiveSequence;
  kv: KvSequence;
}

/** Sequences in the order of their arrival; who came last gives way first. */
export class Scheduler {
  readonly #store: SequenceStore;
  readonly #options: SchedulerOptions;
  /** With keys and values in memory. */
  #running: ActiveSequence[] = [];
  /** Without. */
  #waiting: ActiveSequence[] = [];

  constructor(store: SequenceStore, options: SchedulerOptions) {
    this.#store = store;
    this.#options = options;
  }

  get size(): number {
    return this.#running.length + this.#waiting.length;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** All sequences, for whoever stops. */
  get sequences(): ActiveSequence[] {
    return [...this.#running, ...this.#waiting];
  }

  /** Those in memory of which a pass would compute the last token alone. */
  get decoding(): ActiveSequence[] {
    return this.#running.filter(isDecoding);
  }

  add(sequence: ActiveSequence): void {
    this.#waiting.push(sequence);
  }

  /** Gives back what a sequence holds: it is done, or nobody wants it any more. */
  remove(sequence: ActiveSequence): void {
    if (sequence.kv !== undefined) this.#store.free(sequence.kv);
    sequence.outside?.dispose();
    sequence.kv = undefined;
    sequence.outside = undefined;
    this.#options.release?.(sequence);
    this.#running = this.#running.filter((each) => each !== sequence);
    this.#waiting = this.#waiting.filter((each) => each !== sequence);
  }

  /** Sequences whose memory is lost wait for room, to be computed anew: their tokens are known. @returns which they are */
  recover(): ActiveSequence[] {
    const lost = this.#running.filter(({ kv }) => kv !== undefined && this.#store.isLost(kv));
    for (const sequence of lost.toReversed()) {
      if (sequence.kv !== undefined) this.#store.free(sequence.kv);
      sequence.losses++;
      this.#wait(sequence);
    }
    for (const sequence of this.#waiting) {
      if (!sequence.outside?.isLost) continue;
      sequence.outside.dispose();
      sequence.outside = undefined;
    }
    return lost;
  }

  /** A pass failed: nothing of it counts, and its tokens are to be computed again. */
  undo(scheduled: readonly ScheduledSequence[]): void {
    for (const { sequence, kv } of scheduled) if (sequence.kv === kv) this.#store.commit(kv, []);
  }

  /** The tokens of the next pass, with room for each; copies are made. None where there is nothing to do. */
  next(): ScheduledSequence[] {
    const { beside, prompts } = this.#options.passSize;
    let budget = this.#running.some(needsShortPass) ? beside : prompts;
    const scheduled = new Map<ActiveSequence, ScheduledSequence>();
    for (const sequence of this.#running) {
      if (budget === 0) break;
      if (sequence.kv === undefined) continue; // it gave way to one before
      const kv = this.#extend(sequence, budget, scheduled);
      if (kv === undefined) continue;
      scheduled.set(sequence, { sequence, kv });
      budget -= kv.inFlight;
    }
    while (budget > 0 && this.#running.length < this.#options.sequences) {
      const sequence = this.#waiting.find((each) => !this.#waitsForPrompt(each, scheduled));
      if (sequence === undefined) break;
      if (needsShortPass(sequence)) budget = Math.min(budget, beside);
      if (!this.#admit(sequence)) break; // in order of arrival: nobody overtakes
      const kv = this.#extend(sequence, budget, scheduled);
      if (kv === undefined) break;
      scheduled.set(sequence, { sequence, kv });
      budget -= kv.inFlight;
    }
    return [...scheduled.values()];
  }

  /**
   * The samples that waited for a sequence to compute their prompt, which is now in memory. They share its keys and values; those that have no place
   * beside it go on waiting, as sequences that gave way do.
   */
  samplesOf(sequence: ActiveSequence): ActiveSequence[] {
    const { group, kv, promptScores } = sequence;
    if (group === undefined || kv === undefined) return [];
    const samples = this.#waiting.filter((each) => each.group === group && each.output.length === 0);
    for (const sample of samples) {
      sample.promptScores.push(...promptScores);
      sample.sharedTokens = kv.length;
      if (this.#running.length === this.#options.sequences) continue;
      const fork = this.#store.fork(kv);
      if (fork === undefined) continue;
      sample.kv = fork;
      this.#moveToRunning(sample);
    }
    return samples;
  }

  /**
   * Room for the next tokens of a sequence, which those that came after it give way for, the last first. Of one that is alone as many tokens as have
   * room are computed, at least one.
   *
   * @returns its keys and values, with tokens in flight; undefined where it had to give way itself
   */
  #extend(
    sequence: ActiveSequence,
    budget: number,
    scheduled: Map<ActiveSequence, ScheduledSequence>,
  ): KvSequence | undefined {
    const { kv } = sequence;
    if (kv === undefined) return undefined;
    const own = Math.min(budget, sequence.tokens.length - kv.length);
    let count = Math.min(budget, sequence.tokens.length - kv.length + sequence.draft.length);
    for (;;) {
      if (this.#store.extend(kv, count)) return kv;
      if (count > own) {
        count = own; // nobody gives way to a draft
        continue;
      }
      const beside = this.#running.filter((each) => each.kv !== undefined && this.#store.isBeside(each.kv, kv));
      const last = beside.at(-1);
      if (last === undefined) return undefined;
      if (beside.length === 1) {
        if (count === 1) throw new Error('there is no room for one token of one sequence');
        count = Math.ceil(count / 2);
        continue;
      }
      scheduled.delete(last);
      this.#preempt(last);
      if (last === sequence) return undefined;
    }
  }

  /** Brings a waiting sequence into memory, with what is there of its beginning. @returns whether there is room */
  #admit(sequence: ActiveSequence): boolean {
    const { tokens, outside, salt } = sequence;
    const kv =
      outside === undefined ? this.#store.add(tokens, salt === undefined ? {} : { salt }) : outside.bringBack();
    if (kv === undefined) return false;
    if (outside === undefined && sequence.output.length === 0) sequence.sharedTokens = kv.length;
    sequence.outside = undefined;
    sequence.kv = kv;
    this.#moveToRunning(sequence);
    return true;
  }

  /** Whether another is computing the prompt of both: a sample of the same request, or one that is in the pass, and begins alike. */
  #waitsForPrompt(sequence: ActiveSequence, scheduled: ReadonlyMap<ActiveSequence, ScheduledSequence>): boolean {
    const { group, output, outside } = sequence;
    if (group !== undefined && output.length === 0) {
      if (this.#running.some((other) => other.group === group && other.output.length === 0)) return true;
    }
    if (outside !== undefined) return false;
    return [...scheduled.values()].some((other) => this.#sharedSoon(sequence, other) >= WORTH_WAITING);
  }

  /** Tokens of a sequence that another computes in this pass, and that it can share afterwards. */
  #sharedSoon({ tokens, salt = '' }: ActiveSequence, { sequence: other, kv }: ScheduledSequence): number {
    if ((other.salt ?? '') !== salt) return 0;
    const most = Math.min(tokens.length - 1, kv.length + kv.inFlight, other.tokens.length);
    let same = 0;
    while (same < most && tokens[same] === other.tokens[same]) same++;
    const { blockSize } = this.#store;
    return Math.floor(same / blockSize) * blockSize - kv.length;
  }

  #moveToRunning(sequence: ActiveSequence): void {
    this.#waiting = this.#waiting.filter((each) => each !== sequence);
    this.#running.push(sequence);
  }

  /** Takes a sequence's memory. */
  #preempt(sequence: ActiveSequence): void {
    const { kv } = sequence;
    if (kv === undefined) return;
    // One that has computed nothing yet has nothing to keep.
    if (this.#options.preemption === 'swap' && kv.length > 0) sequence.outside = this.#store.swapOut(kv);
    else this.#store.free(kv);
    sequence.preemptions++;
    this.#wait(sequence);
  }

  /** A sequence without memory waits before all that arrived later. */
  #wait(sequence: ActiveSequence): void {
    sequence.kv = undefined;
    sequence.draft = [];
    this.#options.release?.(sequence);
    this.#running = this.#running.filter((each) => each !== sequence);
    this.#waiting.unshift(sequence);
  }
}

/** Whether somebody waits for the next token, or a pass has many logits of it: of its prompt. */
function needsShortPass(sequence: ActiveSequence): boolean {
  return isDecoding(sequence) || sequence.request.promptLogProbabilities === true;
}

function isDecoding({ kv, tokens }: ActiveSequence): boolean {
  return kv?.length === tokens.length - 1;
}
