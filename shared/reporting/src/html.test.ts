import { expect, test } from 'vitest';
import { escapeHtml, html, Html } from './html.ts';

test('text is escaped, markup is not, and lists are joined', () => {
  expect(html`<p title="${'"<&\'>'}">${[html`<b>${'<'}</b>`, ' & ', 7]}</p>`.text).toBe(
    '<p title="&quot;&lt;&amp;&#39;&gt;"><b>&lt;</b> &amp; 7</p>',
  );
});

test('undefined and false are nothing; 0 and the empty text are themselves', () => {
  expect(html`${undefined}|${false}|${0}|${''}|${new Html('<i>')}`.text).toBe('||0||<i>');
});

test('what would show text in another order is written out; letters that are written from right to left stay', () => {
  expect(escapeHtml('gpj.\u202eexe \u2066a\u2069 שלום\u200f')).toBe('gpj.\\u202eexe \\u2066a\\u2069 שלום\u200f');
});

test('what HTML cannot hold becomes U+FFFD, and everything else stays', () => {
  expect(escapeHtml('a\0b\u001Bc\u0085d\uD800e\uDC00f')).toBe('a\uFFFDb\uFFFDc\uFFFDd\uFFFDe\uFFFDf');
  expect(escapeHtml('tab\tline\r\némoji 🦊 日本')).toBe('tab\tline\r\némoji 🦊 日本');
});
