/** @file How long a model may think: the tokens between tags such as Qwen3's <think> and </think>. */
import type { LogitsProcessor, TokenSequence } from './processors.ts';

/** The tokens that a reasoning model's thoughts stand between. */
export interface ThinkingTags {
  start: number;
  end: number;
}

/**
 * Limits thoughts. Once the output has `budget` tokens of thought, the model has to say `closing` and the end tag, and no
 * further thoughts may begin. A budget of 0 turns thinking off: no thoughts may begin, and those that the prompt has begun are
 * closed at once.
 *
 * @param budget tokens of thought at most, of all thoughts of the output together; neither `closing` nor the tags around thoughts
 *   count. A start tag within thoughts does, as a model may write nothing else
 * @param closing what stands between thoughts that are cut and the end tag: a line break, a sentence. Absent: nothing
 */
export function limitThinking(
  tags: ThinkingTags,
  { budget, closing = [] }: { budget: number; closing?: readonly number[] },
): LogitsProcessor {
  const ending = [...closing, tags.end];
  return (logits, sequence) => {
    const { within, thoughts } = thoughtsOf(sequence, tags);
    if (thoughts < budget) return;
    // Of an ending that has begun, the first tokens count as thoughts here.
    const forced = within ? ending[thoughts - budget] : undefined;
    if (forced === undefined) logits[tags.start] = -Infinity;
    else logits.fill(-Infinity)[forced] = 0;
  };
}

/**
 * A processor of the answer alone, which for it is all of the output: behind the thoughts, or from the beginning where there are
 * none. So an answer has to follow a grammar, and thoughts are free.
 *
 * @param process does not exclude thoughts at the beginning of the output; `limitThinking` behind it may
 */
export function afterThinking(process: LogitsProcessor, tags: ThinkingTags): LogitsProcessor {
  return (logits, sequence) => {
    if (thoughtsOf(sequence, tags).within) return;
    const { prompt, output } = sequence;
    const begin = output.lastIndexOf(tags.end) + 1;
    const thinks = logits[tags.start]!;
    process(logits, { prompt: [...prompt, ...output.slice(0, begin)], output: output.slice(begin) });
    if (output.length === 0) logits[tags.start] = thinks;
  };
}

/** Whether a sequence is within thoughts, and how many tokens of its output are thoughts. */
function thoughtsOf({ prompt, output }: TokenSequence, { start, end }: ThinkingTags) {
  let within = prompt.lastIndexOf(start) > prompt.lastIndexOf(end);
  let thoughts = 0;
  for (const id of output) {
    if (id === end) within = false;
    else if (within) thoughts++;
    else if (id === start) within = true;
  }
  return { within, thoughts };
}
