/**
 * @file What Nx prints around the output of its tasks, left out. A line that is not known to be Nx's is shown: that of a newer Nx would be too much,
 * and nothing be lost.
 */
import { stripVTControlCharacters } from 'node:util';

/** Lines of Nx, and how many empty lines follow each that are its own. */
const CHROME: readonly [pattern: RegExp, emptyLines: number][] = [
  [/^ ?NX {3}(?:Running target|Running \d+ task|Successfully ran|Ran target)/, 3],
  [/^> nx run [\w-]+:[\w-]+/, 1],
  [/^> node --enable-source-maps \.work\/code\//, 1],
  [/^\s*\S{1,3} {2}nx run [\w-]+:[\w-]+(?: |$)/, 1],
  [/^(?:  )?(?:Run duration|Cache|Critical path|Recoverable time|View (?:logs|structured)[^:]*): /, 0],
  [/^ {2}(?:Recommendations:$|Recommendation: )/, 0],
  [
    /^ {4}- (?:Speed up or split the longest tasks|Increase parallelism|Add more Nx Agents|Drastically reduce your run duration|Cache: drop|Distribute across)/,
    0,
  ],
  [/^ {8}[\w-]+:[\w-]+ +[\dhms. ]+$/, 0],
  [/^Tasks not run because/, 1],
  [/^(?:Failed|Cancelled|Canceled) tasks:/, 1],
  [/^Tasks stopped before they finished:/, 1],
  [/^\d+ (?:skipped|stopped)(?:, \d+ stopped)?$/, 1],
  [/^Output of \d+ .*(?:was|were) not shown\. Run with --verbose/, 1],
  [/^- [\w-]+:[\w-]+$/, 1],
  [/^Nx read the output from the cache/, 1],
  [/^Hint: run the command with --verbose for more details\./, 1],
  [/^Warning: command "node --enable-source-maps .*" exited with non-zero status code/, 0],
];

/** A line that redraws itself (shared/pipeline, live-line.ts). */
const LIVE = '\r\u001b[K';

export interface NxOutput {
  /** Takes what Nx printed. */
  push(chunk: string): void;
  /** The end of what it printed. */
  end(): void;
  /** What was left out. */
  dropped(): string;
  /** Whether a line stands there that has no end yet. */
  isWithinLine(): boolean;
}

/**
 * @param write takes what is shown
 * @param isOurs tells a line to leave out, too
 */
export function withoutChrome(
  write: (text: string) => void,
  isOurs: (line: string) => boolean = () => false,
): NxOutput {
  let held = ''; // a line that is not complete
  let written = 0; // characters of it that are shown already
  let empty = 0; // empty lines that may be Nx's: shown when a line follows that is not
  let swallow = 0; // empty lines to come that are Nx's
  let isFirst = true;
  const left: string[] = [];

  const begin = (): void => {
    if (!isFirst) write('\n'.repeat(empty));
    isFirst = false;
    empty = swallow = 0;
  };
  const line = (text: string): void => {
    if (written > 0) {
      write(`${text.slice(written)}\n`);
      written = 0;
      return;
    }
    const plain = stripVTControlCharacters(text).trimEnd();
    const chrome = CHROME.find(([pattern]) => pattern.test(plain));
    if (plain === '') {
      if (swallow > 0) swallow--;
      else empty++;
    } else if (chrome !== undefined || isOurs(plain)) {
      left.push(plain);
      swallow = chrome?.[1] ?? 0;
      empty = 0;
    } else {
      begin();
      write(`${text.replace(/\r$/, '')}\n`);
    }
  };

  return {
    push(chunk) {
      held += chunk;
      for (let end = held.indexOf('\n'); end >= 0; end = held.indexOf('\n')) {
        line(held.slice(0, end));
        held = held.slice(end + 1);
      }
      if (written === 0 && !held.startsWith(LIVE)) return;
      if (written === 0) begin();
      write(held.slice(written));
      written = held.length;
    },
    end() {
      if (held !== '' && written === 0) line(held);
      held = '';
    },
    dropped: () => left.join('\n'),
    isWithinLine: () => written > 0,
  };
}
