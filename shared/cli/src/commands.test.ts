import { expect, test } from 'vitest';
import { COMMANDS, overview } from './commands.ts';

test.each([60, 80, 100])('the overview of the commands fits %i columns', (columns) => {
  const text = overview(columns);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
  for (const { summary } of COMMANDS) expect(text.replaceAll(/\s+/g, ' ')).toContain(summary);
});
