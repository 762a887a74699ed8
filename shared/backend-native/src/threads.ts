/** @file How many threads the kernels use. */
import { availableParallelism } from 'node:os';
import { UserError } from '@arrowsmith/errors';

/** More than any machine has; a limit against slips. */
const MOST_THREADS = 1024;

/**
 * The number of threads to use, the calling one included: as asked, or the environment variable ARROWSMITH_THREADS, or all cores that
 * this process may use. Results do not depend on it.
 *
 * @throws UserError when it is not a whole number from 1
 */
export function threadCount(
  asked: number | string = process.env['ARROWSMITH_THREADS'] || availableParallelism(),
): number {
  const count = Number(asked);
  if (Number.isInteger(count) && count >= 1 && count <= MOST_THREADS) return count;
  throw new UserError({
    what: `${asked} is no number of threads`,
    where: 'environment variable ARROWSMITH_THREADS, or the argument',
    expected: `a whole number from 1 to ${MOST_THREADS}; usually the number of cores, here ${availableParallelism()}`,
    fix: 'unset ARROWSMITH_THREADS to use all cores',
  });
}
