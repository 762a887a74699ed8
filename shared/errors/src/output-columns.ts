/** @file How wide what is printed may be. */

/** What is printed to: `process.stdout`, `process.stderr`. */
export interface Output {
  isTTY?: boolean;
  columns?: number;
}

/**
 * Columns that lines have room in, also in a terminal that cannot redraw one; undefined where no terminal shows the output. Under Nx a stage writes into a
 * pipe, and the Nx plugin says by ARROWSMITH_TERMINAL how wide the terminal at its other end is.
 */
export function outputColumns(
  output: Output = process.stdout,
  env: NodeJS.ProcessEnv = process.env,
): number | undefined {
  if (output.isTTY === true) return output.columns || 80;
  const columns = Number(env['ARROWSMITH_TERMINAL']);
  return Number.isInteger(columns) && columns > 0 ? columns : undefined;
}
