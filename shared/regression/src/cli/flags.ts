/** @file The flags of `pipeline:baseline` and `pipeline:regression`. */
import { UserError } from '@arrowsmith/errors';

/** The pipeline that is made for the gate. */
export const CI_PIPELINE = 'ci';

/** @throws UserError when the text is no whole number from `least` */
export function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new UserError({
    what: `--${flag}=${text} is not understood`,
    expected: `a whole number from ${least}`,
    found: text,
    fix: `for example --${flag}=12`,
  });
}
