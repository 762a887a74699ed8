/** @file What an engine may not ask of the memory for keys and values. */
import { UserError } from '@arrowsmith/errors';

/** @throws UserError when a prompt is empty or longer than the context */
export function checkPrompt(length: number, contextLength: number): void {
  checkLength(length, contextLength);
  if (length > 0) return;
  throw new UserError({
    what: 'a sequence begins without tokens',
    expected: 'at least one',
    fix: 'give it a prompt',
  });
}

/** @throws UserError when a sequence is extended by nothing, or would be longer than the context */
export function checkExtension(length: number, count: number, contextLength: number): void {
  checkLength(length + count, contextLength);
  if (Number.isInteger(count) && count > 0) return;
  throw new UserError({
    what: 'a sequence is extended by no tokens',
    expected: 'a positive integer',
    found: `${count}`,
    fix: 'extend it by as many tokens as are to be computed',
  });
}

/** @throws UserError when more tokens are committed than there is room for */
export function checkCommitted(count: number, inFlight: number): void {
  if (count <= inFlight) return;
  throw new UserError({
    what: 'there are more tokens than a sequence was extended by',
    expected: `at most ${inFlight}`,
    found: `${count}`,
    fix: 'extend it first',
  });
}

/** @throws UserError when tokens are in flight: both sequences would write them */
export function checkForked(inFlight: number): void {
  if (inFlight === 0) return;
  throw new UserError({
    what: 'a sequence is forked while tokens of it are computed',
    expected: 'none in flight',
    found: `${inFlight}`,
    fix: 'commit them first',
  });
}

function checkLength(length: number, contextLength: number): void {
  if (length <= contextLength) return;
  throw new UserError({
    what: 'a sequence is longer than the context',
    expected: `at most ${contextLength} tokens`,
    found: `${length}`,
    fix: 'end it there, or shorten its prompt',
  });
}
