/** @file Lines that a person types, or that another program writes. */
import { Writable } from 'node:stream';
import { createInterface } from 'node:readline';

export interface ChatInput {
  /** A person types, and sees what. */
  readonly isTerminal: boolean;
  /** The next line; undefined at the end. */
  next(): Promise<string | undefined>;
  /** Runs while an answer is shown: what is typed meanwhile waits, and Ctrl-C calls `stop`. */
  during<T>(stop: () => void, f: () => Promise<T>): Promise<T>;
  close(): void;
}

/**
 * Reads lines. In a terminal they can be edited, Ctrl-C ends the input while nothing is answered, and what is typed during an answer is shown
 * behind it.
 *
 * @param prompt is shown in a terminal before each line
 */
export function chatInput(prompt: string): ChatInput {
  const { stdin, stdout } = process;
  const isTerminal = stdin.isTTY && stdout.isTTY;
  let stop: (() => void) | undefined;
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (stop === undefined) stdout.write(chunk);
      done();
    },
  });
  // By its columns lines are broken.
  const lines = createInterface({
    input: stdin,
    output: Object.defineProperty(output, 'columns', { get: () => stdout.columns }),
    terminal: isTerminal,
    prompt,
  });
  // From the beginning, so that no line is lost.
  const iterator = lines[Symbol.asyncIterator]();
  lines.on('SIGINT', () => (stop === undefined ? lines.close() : stop()));
  return {
    isTerminal,
    async next() {
      if (isTerminal) lines.prompt(true);
      const { value, done } = await iterator.next();
      if (done !== true) return value;
      if (isTerminal) stdout.write('\n');
      return undefined;
    },
    async during(stopAnswer, f) {
      stop = stopAnswer;
      try {
        return await f();
      } finally {
        stop = undefined;
      }
    },
    close: () => lines.close(),
  };
}
