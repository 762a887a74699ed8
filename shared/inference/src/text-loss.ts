/** @file The loss of a model over one text: rows of its tokens, as the stage `evaluate` has them, or windows that overlap. */
import type { DecoderConfig, Parameters } from '@arrowsmith/model';
import { splitLoss, type TokenRows } from '@arrowsmith/training';

export interface TextLossOptions {
  config: DecoderConfig;
  parameters: Parameters;
  /** The tokens of the text. */
  ids: readonly number[];
  /** What it begins with: the token that ends texts. */
  begin: number;
  /** Tokens of a window, at most those of the model's context. */
  context: number;
  /** Tokens from one window's begin to the next; each token is predicted once, by the window in which it sees most. From 1 to `context`. */
  stride: number;
  /** Windows that go through the model together. */
  batchSize: number;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** A sum over a text. */
export interface TextLoss {
  nats: number;
  /** Tokens that were predicted: all of the text. */
  tokens: number;
  windows: number;
}

/**
 * Sums the negative log likelihood of every token of a text, the first one included.
 *
 * Windows are of one length. With a stride of a whole window every token is in one, as in the rows of the stage `chunk`; with a shorter one only the last
 * `stride` tokens of a window count, but in the first window all, so that a token sees at least `context` − `stride` tokens before it.
 */
export async function textLoss({ ids, begin, context, stride, ...options }: TextLossOptions): Promise<TextLoss> {
  const rows = windowsOf(ids, { begin, context, stride });
  const { nats, tokens } = await splitLoss({ ...options, rows });
  return { nats, tokens, windows: rows.rows };
}

/** The windows of a text as rows, of which not all targets count. */
export function windowsOf(
  ids: readonly number[],
  { begin, context, stride }: Pick<TextLossOptions, 'begin' | 'context' | 'stride'>,
): TokenRows {
  return {
    rows: 1 + Math.max(0, Math.ceil((ids.length - context) / stride)),
    contextLength: context,
    async read(indices) {
      const inputs = new Int32Array(indices.length * context).fill(begin);
      const targets = new Int32Array(indices.length * context).fill(-1);
      for (const [i, row] of indices.entries()) {
        const first = row * stride;
        const counted = row === 0 ? 0 : context - stride;
        for (let position = 0; position < context && first + position < ids.length; position++) {
          const at = first + position;
          if (at > 0) inputs[i * context + position] = ids[at - 1] ?? begin;
          if (position >= counted) targets[i * context + position] = ids[at] ?? -1;
        }
      }
      return { inputs, targets, documents: new Int32Array(inputs.length) };
    },
  };
}
