/** @file The gate's report as JUnit XML, which CI systems show as tests: one test case per metric. */
import { formatClue } from './clues.ts';
import { describe, headline, type Report } from './report.ts';

/**
 * Follows the schema that Jenkins and GitHub's and GitLab's readers share: testsuites > testsuite > (properties, testcase*). A metric
 * outside its limits is a failure, as a test is that ran and found something; a metric that is missing is an error.
 */
export function toJUnit(report: Report): string {
  const { pipeline, verdicts, clues, seed, engine, seconds, baseline } = report;
  const count = (...outcomes: string[]) => verdicts.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const errors = count('missing', 'unknown');
  const totals = {
    tests: verdicts.length,
    failures: verdicts.length - errors - count('ok'),
    errors,
    time: seconds.toFixed(3),
  };
  const properties = { seed, engine, baseline: baseline.measured.commit ?? baseline.measured.at };
  const cases = verdicts.map((verdict) => {
    const { name, label, outcome } = verdict;
    const attributes = { classname: `regression.${pipeline}.${name.split('.')[0]}`, name: label, time: '0' };
    if (outcome === 'ok')
      return element('testcase', attributes, [element('system-out', {}, [text(describe(verdict))])]);
    const kind = outcome === 'missing' || outcome === 'unknown' ? 'error' : 'failure';
    const details = text([describe(verdict), ...clues.map(formatClue)].join('\n'));
    return element('testcase', attributes, [element(kind, { message: describe(verdict), type: outcome }, [details])]);
  });
  const suite = element('testsuite', { name: `regression ${pipeline}`, ...totals, skipped: 0 }, [
    element(
      'properties',
      {},
      Object.entries(properties).map(([name, value]) => element('property', { name, value })),
    ),
    ...cases,
  ]);
  const root = element('testsuites', { name: headline(report), ...totals }, [suite]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n`;
}

function element(name: string, attributes: Record<string, string | number>, children: readonly string[] = []): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${attribute(String(value))}"`);
  const start = `<${name}${written.join('')}`;
  return children.length === 0 ? `${start}/>` : `${start}>${children.join('\n')}</${name}>`;
}

const text = (value: string): string =>
  allowed(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** In an attribute, a parser would also make spaces of line breaks and tabs. */
const attribute = (value: string): string =>
  text(value).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\r', '&#13;').replaceAll('\t', '&#9;');

/** XML 1.0 knows no other control characters, no surrogates by themselves, no U+FFFE and U+FFFF, not even escaped (section 2.2, Char). */
const allowed = (value: string): string =>
  value.replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\u{fffd}');
