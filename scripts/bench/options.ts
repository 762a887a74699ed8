/** @file A benchmark's arguments on the command line. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { UserError } from '@arrowsmith/errors';
import * as z from 'zod';

/** `--threads=N`; by default ARROWSMITH_THREADS, else all cores. */
export const threadsOption = z.coerce
  .number()
  .int()
  .min(1)
  .default(() => Number(process.env['ARROWSMITH_THREADS'] || availableParallelism()));

/**
 * What a benchmark takes, a line for each option: its values, its default, what it is.
 * @param schema as for {@link parseOptions}
 */
export function describeOptions(schema: z.ZodObject): string[] {
  const { properties = {} } = z.toJSONSchema(schema, { unrepresentable: 'any' }) as { properties?: Properties };
  const lines = Object.entries(properties).map(([name, { type, enum: values, default: value, description = '' }]) => {
    const written =
      type === 'boolean' ? '' : `=${values?.join('|') ?? (type === 'string' || type === undefined ? '…' : 'N')}`;
    const initial = value === undefined || value === false || value === '' ? '' : `default ${String(value)}`;
    return [`--${name}${written}`, [description, initial].filter(Boolean).join('; ')] as const;
  });
  const width = Math.max(0, ...lines.map(([option]) => option.length));
  return lines.map(([option, about]) => `  ${option.padEnd(width)}  ${about}`.trimEnd());
}

type Properties = Record<string, { type?: string; enum?: unknown[]; default?: unknown; description?: string }>;

/**
 * Reads `--key=value` and `--flag` arguments.
 *
 * @param schema of an object of the options; a flag's value is true, anything else's a string
 * @throws UserError naming the options that are not valid
 */
export function parseOptions<Options extends z.ZodObject>(args: string[], schema: Options): z.output<Options> {
  const { values, positionals } = parseArgs({ args, strict: false, allowPositionals: true });
  const parsed = schema.safeParse(values);
  if (parsed.success && positionals.length === 0) return parsed.data;
  throw new UserError({
    what: 'the benchmark’s arguments are not valid',
    expected: `options out of ${Object.keys(schema.shape)
      .map((key) => `--${key}`)
      .join(', ')}`,
    found: parsed.success
      ? `"${positionals.join(' ')}"`
      : parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`.trim()).join('; '),
    fix: 'write --option=value',
  });
}
