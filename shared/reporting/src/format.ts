/** @file Numbers, sizes and times as people read them. */
import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';
import type { Value } from './run.ts';

/** `1,234,567`, `0.5446`, `1.2e-7`, `NaN`, `∞`: whole numbers in full, others with a number of significant digits. */
export function formatNumber(value: number, digits = 4): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString('en-US');
  if (!Number.isFinite(value) || Math.abs(value) < 1e-4) return formatPlain(value, digits);
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.min(decimals, 12) });
}

/** As `formatNumber`, without separators: what JavaScript's `Number` reads, and `∞`. */
export function formatPlain(value: number, digits = 6): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(digits)));
}

/** `1,234`, `41.0 k`, `1.05 M`, `328 M` */
export function formatCount(count: number): string {
  for (const [unit, symbol] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e4, 'k'],
  ] as const) {
    if (count >= unit) return `${(count / (symbol === 'k' ? 1e3 : unit)).toPrecision(3)} ${symbol}`;
  }
  return formatNumber(count);
}

export function formatValue(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'number') return formatNumber(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return String(value);
}

export const formatBytes = (bytes: number): string => prettyBytes(bytes);

export const formatDuration = (seconds: number): string =>
  prettyMilliseconds(1000 * seconds, seconds < 10 ? {} : { secondsDecimalDigits: 0 });

/** `2026-01-31 09:45 UTC` */
export const formatTime = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`;

/** Enough of a digest to tell it from others; hovering shows all. */
export const shortDigest = (digest: string): string => digest.slice(0, 12);

/** `bitsPerByte` → `bits per byte`; `weightBytes` → `weight bytes`; `loss1of4` → `loss 1 of 4`. */
export const formatName = (name: string): string =>
  name
    .replaceAll(/(?<=[a-z\d])(?=[A-Z])/g, ' ')
    .replace(/(\d+)of(\d+)/, ' $1 of $2')
    .replaceAll(/[_-]/g, ' ')
    .toLowerCase();

export const capitalized = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
