/** @file The graph of artifacts: which one was made of which, by digest. Drawn like a history of commits, one artifact a row. */
import { note, table, unfold } from '../blocks.ts';
import { formatBytes, formatDuration, formatNumber, formatTime, shortDigest } from '../format.ts';
import { type Child, html, type Html } from '../html.ts';
import { labelOf, type ReportRun, type ReportStep } from '../run.ts';

/** An artifact: a row of the graph. */
interface Node {
  step: ReportStep;
  runs: string[];
  /** That of the first run that has it. */
  lane: number;
}

/** An input of an artifact, by row. */
interface Edge {
  from: number;
  to: number;
}

/** Pixels; the style sheet gives rows the same height. */
const ROW = 60;
const LANE = 26;
/** How far an edge swings out per row that it passes. */
const SWING = 9;

export function lineage(runs: readonly ReportRun[]): Html {
  const nodes = nodesOf(runs);
  const edges = edgesOf(nodes);
  const swing = Math.max(0, ...edges.map((edge) => swingOf(edge, nodes)));
  const left = 8 + 0.75 * swing; // a cubic curve reaches three quarters of the way to its control points
  const width = left + LANE * Math.max(0, ...nodes.map(({ lane }) => lane)) + 16;
  const x = (row: number): number => left + LANE * nodes[row]!.lane;
  const y = (row: number): number => ROW * row + ROW / 2;
  const several = runs.length > 1;
  /** An artifact of one run of several has the colour of that run's lines. */
  const color = (row: number): string | false =>
    several && nodes[row]!.runs.length === 1 && `--series:var(--series-${nodes[row]!.lane + 1})`;
  const paths = edges.map((edge) => {
    const out = swingOf(edge, nodes);
    const [x1, y1, x2, y2] = [x(edge.from), y(edge.from), x(edge.to), y(edge.to)];
    const middle = (y1 + y2) / 2;
    return html`<path
      style="${color(edge.to)}"
      d="${
        out === 0
          ? `M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}`
          : `M${x1} ${y1}C${x1 - out} ${y1 + 0.3 * ROW} ${x2 - out} ${y2 - 0.3 * ROW} ${x2} ${y2}`
      }"
    />`;
  });
  return html`<div class="lineage" style="--graph:${Math.ceil(width)}px">
      <svg width="${Math.ceil(width)}" height="${ROW * nodes.length}" aria-hidden="true">
        <g class="edges">${paths}</g>
        ${nodes.map(
          ({ step }, row) =>
            html`<circle
              cx="${x(row)}"
              cy="${y(row)}"
              r="5"
              class="${step.cached && 'cached'}"
              style="${color(row)}"
            />`,
        )}
      </svg>
      <ol>
        ${nodes.map(
          ({ step, runs: of }) =>
            html`<li>
              <div>
                <b>${step.name}</b>${several && html` <small>${of.join(', ')}</small>`}
                <code title="${step.digest}">${shortDigest(step.digest)}</code>
              </div>
              <div class="muted">${describe(step)}</div>
            </li>`,
        )}
      </ol>
    </div>
    ${unfold(
      'Files and digests',
      html`${
        nodes.some(({ step }) => step.href !== undefined || step.files.some(({ href }) => href !== undefined)) &&
        note(
          'Links lead into the store, from where this report was written to; a copy elsewhere has no store beside it.',
        )
      }${table(
        'Files of all artifacts',
        [{ title: 'file' }, { title: 'size', numeric: true }, { title: 'rows', numeric: true }, { title: 'sha256' }],
        nodes.flatMap(({ step, runs: of }) => [
          [
            linked(`${step.name}${several ? ` (${of.join(', ')})` : ''}: manifest`, step.href),
            '',
            '',
            digest(step.digest),
          ],
          ...step.files.map(({ name, bytes, rows, sha256, href }) => [
            linked(`${step.name}/${name}`, href),
            formatBytes(bytes),
            rows === undefined ? '' : formatNumber(rows),
            digest(sha256),
          ]),
        ]),
      )}`,
    )}
    ${unfold(
      'How each was made',
      table(
        'How each artifact was made',
        [
          { title: 'step' },
          { title: 'started' },
          { title: 'time', numeric: true },
          { title: 'on' },
          { title: 'code' },
          { title: 'inputs' },
        ],
        nodes.map(({ step, runs: of }) => [
          `${step.name}${several ? ` (${of.join(', ')})` : ''}`,
          formatTime(step.startedAt),
          formatDuration(step.seconds),
          [step.host, ...Object.entries(step.environment).map(([key, value]) => `${key} ${value}`)].join(', '),
          digest(step.code),
          Object.entries(step.inputs).map(([name, sha256]) => html`${name} ${digest(sha256)} `),
        ]),
      ),
    )}`;
}

/** A file as a link to it, where it is still there. */
const linked = (text: string, href: string | undefined): Child =>
  href === undefined ? text : html`<a href="${href}">${text}</a>`;

const digest = (sha256: string): Html => html`<code title="${sha256}">${shortDigest(sha256)}</code>`;

function describe({ inputs, seconds, cached, files }: ReportStep): string {
  const names = Object.keys(inputs);
  const size = files.length === 0 ? [] : [formatBytes(files.reduce((sum, { bytes }) => sum + bytes, 0))];
  const from = names.length === 0 ? [] : [`from ${names.join(', ')}`];
  return [...size, `${formatDuration(seconds)}${cached ? ', then cached' : ''}`, ...from].join(' · ');
}

/** Steps in the order of the first run that has them; equal artifacts of several runs are one node. */
function nodesOf(runs: readonly ReportRun[]): Node[] {
  const order = [...new Set(runs.flatMap(({ steps }) => steps.map(({ name }) => name)))];
  return order.flatMap((name) => {
    const nodes: Node[] = [];
    for (const [lane, run] of runs.entries()) {
      const step = run.steps.find((each) => each.name === name);
      if (step === undefined) continue;
      const known = nodes.find((node) => node.step.digest === step.digest);
      if (known === undefined) nodes.push({ step, runs: [labelOf(run)], lane });
      else known.runs.push(labelOf(run));
    }
    return nodes;
  });
}

function edgesOf(nodes: readonly Node[]): Edge[] {
  const rows = new Map(nodes.map(({ step }, row) => [step.digest, row]));
  return nodes.flatMap(({ step }, to) =>
    Object.values(step.inputs).flatMap((input) => {
      const from = rows.get(input);
      return from === undefined ? [] : [{ from, to }];
    }),
  );
}

/** What has nothing between it in its lanes is joined directly, the rest around what is between. */
function swingOf({ from, to }: Edge, nodes: readonly Node[]): number {
  const lanes = [nodes[from]!.lane, nodes[to]!.lane];
  const isFree = nodes.slice(Math.min(from, to) + 1, Math.max(from, to)).every(({ lane }) => !lanes.includes(lane));
  return isFree ? 0 : SWING * Math.abs(to - from) + 8;
}
