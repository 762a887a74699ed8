import { describe, expect, test } from 'vitest';
import { code, escapeMarkdown, markdown, Markdown, markdownTable } from './markdown.ts';

/** A word joiner, which is not seen. */
const J = '\u2060';

describe('text comes out as text:', () => {
  test.each([
    [
      'emphasis, code and strikethrough',
      '*a* __b__ `c` ~~d~~',
      '&#42;a&#42; &#95;&#95;b&#95;&#95; &#96;c&#96; &#126;&#126;d&#126;&#126;',
    ],
    ['links and pictures', '[a](javascript:b) ![c](d)', '&#91;a&#93;(javascript:b) !&#91;c&#93;(d)'],
    [
      'HTML and references of characters',
      '<img src=x> </details> &lt;',
      '&#60;img src=x&#62; &#60;/details&#62; &#38;lt;',
    ],
    ['rows of a table', 'a | b\\|', 'a &#124; b&#92;&#124;'],
    ['formulas', '$x$', '&#36;x&#36;'],
    ['headings', '# a', '&#35; a'],
    ['lists', '- a', '&#45; a'],
    ['numbered lists', '1. a', '1&#46; a'],
    ['fences of code', '```\na\n~~~', '&#96;&#96;&#96;<br>a<br>&#126;&#126;&#126;'],
    ['indented code', '    a', '&nbsp;&nbsp;&nbsp;&nbsp;a'],
  ])('%s', (_, text, expected) => {
    expect(escapeMarkdown(text)).toBe(expected);
  });

  test.each([
    ['@everyone and a@b.com', `@${J}everyone and a@${J}b.com`],
    ['#12, GH-3, a/b#4', `&#35;${J}12, GH-${J}3, a/b&#35;${J}4`],
    ['https://evil.example HTTP://e', `https:${J}//evil.example HTTP:${J}//e`],
    ['www.evil.example', `www${J}.evil.example`],
  ])('mentions, references and addresses reach no one: %s', (text, expected) => {
    expect(escapeMarkdown(text)).toBe(expected);
  });

  test('control characters and text in another order are written out', () => {
    expect(escapeMarkdown('a\u001b[31mb\u202ec\u009bd\0')).toBe('a&#92;u001b&#91;31mb&#92;u202ec&#92;u009bd&#92;u0000');
  });

  test('prose is left alone', () => {
    const text =
      'Once upon a time, Tim (5) said: "Oh no! It\'s 3 % off; isn\'t it?" – größer 漢字 🙂 a-b 1.5 @ # C# 10:30';
    expect(escapeMarkdown(text)).toBe(text.replaceAll('#', '&#35;'));
  });
});

test('a template escapes what goes in, unless it is Markdown', () => {
  const item = markdown`- **${'a*b'}**${false}${undefined}${[', ', 7, new Markdown(' `c`')]}`;
  expect(item.text).toBe('- **a&#42;b**, 7 `c`');
});

test('code can be copied; where it would end its span or its cell, it is escaped', () => {
  expect(code('npx nx run pipeline:compare --a=ci@baseline').text).toBe(
    '`npx nx run pipeline:compare --a=ci@baseline`',
  );
  expect(code('a`b').text).toBe('<code>a&#96;b</code>');
  expect(code('a|b').text).toBe('<code>a&#124;b</code>');
  expect(code(' a').text).toBe('<code>&nbsp;a</code>');
  expect(code('a\n\nb\u001b').text).toBe('`a\\n\\nb\\u001b`');
  expect(code('').text).toBe('');
});

test('a table has a line for each row and a cell for each column, whatever is in them', () => {
  const lines = markdownTable(
    [{ title: 'a|b' }, { title: 'c', align: 'right' }],
    [
      ['x\ny', '|'],
      [code('e|f'), 3],
    ],
  );
  expect(lines).toEqual(['| a&#124;b | c |', '| --- | ---: |', '| x<br>y | &#124; |', '| <code>e&#124;f</code> | 3 |']);
});
