/** @file Numbers for people. */

/** Five significant digits; whole numbers in full, with separators. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return withSeparators(value);
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-4 ? value.toExponential(3) : Number(value.toPrecision(5)).toString();
}

/** Of a whole number. `toLocaleString` takes 10 ms when it is first asked. */
const withSeparators = (value: number): string => String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');

/** With its sign, as a difference. */
export const formatDifference = (value: number): string => `${value > 0 ? '+' : ''}${formatNumber(value)}`;

/** A part in a hundred with its sign; empty where there is nothing to be a part of. */
export function formatRelative(difference: number, of: number): string {
  if (of === 0 || !Number.isFinite(of)) return '';
  const percent = (100 * difference) / Math.abs(of);
  return `${percent > 0 ? '+' : ''}${percent.toFixed(Math.abs(percent) < 10 ? 2 : 1)} %`;
}

/** A value of a parameter. */
export const formatValue = (value: unknown): string =>
  value === null || value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value);
