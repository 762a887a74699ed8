/** @file The argument of `--since` and `--before`: a date, or a duration back from now. */
import { UserError } from '@arrowsmith/errors';

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

/**
 * `30m`, `12h`, `2d`, `1w`; `2026-01-31` (midnight UTC), `2026-01-31T09:45Z`.
 * @throws UserError for anything else
 */
export function parseSince(text: string, now: Date, option: 'since' | 'before' = 'since'): Date {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([mhdw])$/.exec(text) ?? [];
  if (unit !== undefined) return new Date(now.getTime() - Number(count) * UNIT_MS[unit]!);
  const date = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:?\d\d)?)?$/.test(text) ? new Date(text) : undefined;
  if (date !== undefined && !Number.isNaN(date.getTime())) return date;
  throw new UserError({
    what: `"${text}" is no time`,
    where: `--${option}=${text}`,
    expected: 'a duration back from now (30m, 12h, 2d, 1w) or a date (2026-01-31, 2026-01-31T09:45Z)',
    fix: `for example --${option}=2d`,
  });
}
