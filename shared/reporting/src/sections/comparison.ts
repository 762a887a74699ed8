/** @file What a comparison found: verdicts on losses, metrics, where the chains diverge, what differs. */
import type { LossComparison, MetricComparison, ReportComparison, ValueComparison, Verdict } from '../comparison.ts';
import { note, table } from '../blocks.ts';
import { formatNumber } from '../format.ts';
import { html, type Child, type Html } from '../html.ts';
import type { Section } from '../page.ts';

/** @param labels of the runs, the base first */
export function comparisonSections(
  { notices, parameters, environments, losses, metrics, divergences }: ReportComparison,
  labels: readonly string[],
): Section[] {
  const different = metrics.filter(({ values }) => values.some((value) => value !== values[0]));
  return [
    {
      id: 'verdict',
      title: 'Verdict',
      content: html`${
        notices.length > 0 &&
        html`<ul class="warning">
          ${notices.map((sentence) => html`<li>${sentence}</li>`)}
        </ul>`
      }
      ${lossTables(losses, labels)}`,
    },
    {
      id: 'differences',
      title: 'What differs',
      content: html`${divergenceList(divergences, labels)}
        <h3>Parameters</h3>
        ${valueTable('Parameters that differ', parameters, labels)}
        ${
          environments.length > 0 &&
          html`<h3>Environment</h3>
            ${valueTable('Environment that differs', environments, labels)}`
        }
        <h3>Metrics</h3>
        ${different.length === 0 ? note('None: all metrics are the same.') : metricTable(different, labels)}`,
    },
  ];
}

/** A table per run that is compared with the first, with the intervals of a measure drawn on one scale. */
function lossTables(losses: readonly LossComparison[], labels: readonly string[]): Html {
  const [base, ...others] = labels;
  return html`${others.map((label, i) => {
    const at = i + 1;
    const rows = losses.filter(({ differences }) => differences[at] != null);
    /** The bound that is farthest from zero, of one measure: others have other units. */
    const reachOf = (measure: string): number =>
      Math.max(
        Number.MIN_VALUE,
        ...rows
          .filter((row) => row.measure === measure)
          .flatMap(({ differences }) => [Math.abs(differences[at]!.low), Math.abs(differences[at]!.high)]),
      );
    if (rows.length === 0) return note(`${label} has no losses to compare with those of ${base}.`);
    return html`<h3>${label} compared with ${base}</h3>
      ${table(
        `Losses of ${label} compared with ${base}`,
        [
          { title: 'loss' },
          { title: 'verdict' }, // beside what it is of: in sight where the page is narrower than the table
          { title: 'difference', numeric: true },
          { title: '95 % interval' },
          { title: base, numeric: true },
          { title: label, numeric: true },
          { title: 'documents' },
        ],
        rows.map(({ model, measure, values, documents, differences }) => {
          const { difference, low, high, verdict, paired } = differences[at]!;
          return [
            html`${model} <small>${measure}</small>`,
            verdictMark(verdict),
            signed(difference),
            html`${intervalDrawing(low, difference, high, reachOf(measure))} ${signed(low)} to ${signed(high)}`,
            formatOptional(values[0]),
            formatOptional(values[at]),
            html`${formatOptional(documents[at])} <small>${paired ? 'paired' : 'unpaired'}</small>`,
          ];
        }),
      )}`;
  })}
  ${
    losses.length > 0 &&
    note(
      'Below zero the run is better than the first one. The interval tells how much of a difference comes from the choice of documents; it knows nothing of what another seed of training would give.',
    )
  }`;
}

const INTERVAL_WIDTH = 120;

/** An interval around zero, which is the line in the middle. */
function intervalDrawing(low: number, difference: number, high: number, reach: number): Html {
  const x = (value: number): string => ((0.5 + (0.46 * value) / reach) * INTERVAL_WIDTH).toFixed(1);
  return html`<svg class="interval" width="${INTERVAL_WIDTH}" height="14" aria-hidden="true">
    <line class="zero" x1="${INTERVAL_WIDTH / 2}" x2="${INTERVAL_WIDTH / 2}" y1="0" y2="14" />
    <line x1="${x(low)}" x2="${x(high)}" y1="7" y2="7" />
    <circle cx="${x(difference)}" cy="7" r="3.5" />
  </svg>`;
}

const MARKS: Record<Verdict, string> = { better: '▼ better', worse: '▲ worse', unclear: '○ unclear', same: '= same' };

const verdictMark = (verdict: Verdict): Html => html`<span class="verdict ${verdict}">${MARKS[verdict]}</span>`;

/** Differences before values: what it comes to is in sight where the page is narrower than the table. */
function metricTable(metrics: readonly MetricComparison[], labels: readonly string[]): Html {
  const others = labels.slice(1);
  return table(
    'Metrics that differ',
    [
      { title: 'metric' },
      ...others.map((label) => ({ title: others.length === 1 ? 'difference' : html`difference of ${label}` })),
      ...labels.map((title) => ({ title, numeric: true })),
    ],
    metrics.map(({ step, name, unit, values, differences, verdicts, better }): Child[] => {
      const about = [unit, better !== null && `${better} is better`].filter(Boolean).join(', ');
      return [
        html`${step}.<wbr />${name}${about !== '' && html` <small>${about}</small>`}`,
        ...others.map((_, i): Child => {
          const [difference, verdict] = [differences[i + 1], verdicts[i + 1]];
          return html`${difference != null && signed(difference)}${verdict != null && html` ${verdictMark(verdict)}`}`;
        }),
        ...values.map(formatOptional),
      ];
    }),
  );
}

function divergenceList(divergences: ReportComparison['divergences'], labels: readonly string[]): Html {
  return html`<ul class="plain">
    ${labels.slice(1).map((label, i) => {
      const divergence = divergences[i + 1];
      return html`<li>
        ${
          divergence == null
            ? html`<b>${label}</b> has the same artifacts as ${labels[0]}.`
            : html`<b>${label}</b> leaves ${labels[0]} at <b>${divergence.step}</b>${
                  divergence.causes.length > 0 && `: ${divergence.causes.join(', ')}`
                }.`
        }
      </li>`;
    })}
  </ul>`;
}

function valueTable(label: string, values: readonly ValueComparison[], labels: readonly string[]): Html {
  if (values.length === 0) return note('None.');
  return table(
    label,
    [{ title: '' }, ...labels.map((title) => ({ title }))],
    values.map(({ step, path, values: ofRuns }) => [
      `${step}.${path}`,
      ...ofRuns.map((value) =>
        value === null || value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value),
      ),
    ]),
  );
}

const formatOptional = (value: number | null | undefined): string => (value == null ? '–' : formatNumber(value, 5));

const signed = (value: number): string => `${value > 0 ? '+' : ''}${formatNumber(value, 3).replace(/^-/, '−')}`;
