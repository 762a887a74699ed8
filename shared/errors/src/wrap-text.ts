/** @file Text as lines of a width. */

/** Breaks text into lines at spaces; its own line breaks and what indents a line stay. A word that is longer than a line has one of its own. */
export function wrapText(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    if (paragraph.length <= width) return [paragraph];
    const [indent = ''] = /^ */.exec(paragraph)!;
    const lines = [indent];
    for (const word of paragraph.slice(indent.length).split(' ')) {
      const line = lines.at(-1)!;
      if (line === indent) lines[lines.length - 1] = `${indent}${word}`;
      else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
      else lines.push(`${indent}${word}`);
    }
    return lines;
  });
}
