/** @file Values of options that are no text. */
import { UserError } from '@arrowsmith/errors';

export interface Limits {
  least?: number;
  /** Greater than this. */
  above?: number;
  most?: number;
  whole?: boolean;
}

/** @throws UserError for what is no number, or not within the limits */
export function readNumber(option: string, written: string | undefined, limits: Limits): number | undefined {
  if (written === undefined) return undefined;
  const { least = -Infinity, above = -Infinity, most = Infinity, whole = false } = limits;
  const value = /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(written) ? Number(written) : NaN;
  const isRight = whole ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (isRight && value >= least && value > above && value <= most) return value;
  const range = [
    ...(limits.least === undefined ? [] : [`of at least ${least}`]),
    ...(limits.above === undefined ? [] : [`above ${above}`]),
    ...(limits.most === undefined ? [] : [`of at most ${most}`]),
  ].join(' and ');
  throw new UserError({
    what: `--${option}=${written} is not understood`,
    expected: `a ${whole ? 'whole ' : ''}number ${range}`,
    found: written === '' ? 'nothing' : written,
    fix: `for example --${option}=${whole ? Math.max(40, limits.least ?? 40) : 0.7}`,
  });
}
