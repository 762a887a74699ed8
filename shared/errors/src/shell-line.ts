/** @file A command line as a shell takes it, to be shown. */

/** Words with quotes where a shell needs them. */
export const shellLine = (words: readonly string[]): string => words.map(quoted).join(' ');

function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  const [, head = '', value = word] = /^(--[\w.-]+=)([^]*)$/.exec(word) ?? [];
  return `${head}'${value.replaceAll("'", `'\\''`)}'`;
}
