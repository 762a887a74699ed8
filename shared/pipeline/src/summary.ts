/** @file What is on the screen when a pipeline is done. */
import { appendRun, type LedgerEntry } from './ledger.ts';
import { type Pipeline } from './pipeline-file.ts';
import { readPointer } from './pointer.ts';
import { duration } from './progress.ts';
import type { Workspace } from './workspace.ts';

/**
 * Reads the pointers of a finished pipeline and appends it to the ledger.
 * @param invocation identity of this `nx run`; a stage whose pointer another one wrote was cached by Nx
 */
export async function completeRun(
  workspace: Workspace,
  pipeline: Pipeline,
  invocation: string | undefined,
): Promise<LedgerEntry> {
  const stages: LedgerEntry['stages'] = {};
  let substitution: string | undefined;
  for (const stage of Object.keys(pipeline.stages)) {
    const { manifest, run } = await readPointer(workspace, pipeline.name, stage);
    const ranNow = run.outcome === 'computed' && invocation !== undefined && run.invocation === invocation;
    stages[stage] = { ...run, cached: !ranNow };
    substitution ??= manifest.substitution;
  }
  return appendRun(workspace, {
    pipeline: pipeline.name,
    stages,
    ...(substitution === undefined ? {} : { substitution }),
  });
}

/** The summary of a run as text. @param description of the pipeline */
export function formatSummary(run: LedgerEntry, description = ''): string {
  const lines = ['', `pipeline ${run.pipeline} · run ${run.id}`, ...(description === '' ? [] : [description]), ''];
  const highlights = Object.values(run.stages).flatMap((stage) => Object.entries(stage.highlights));
  const isBlock = (text: string): boolean => text.includes('\n') || text.length > LINE_WIDTH;
  const width = Math.max(...highlights.map(([label, text]) => (isBlock(text) ? 0 : label.length)), 0) + 2;
  for (const [label, text] of highlights) {
    if (isBlock(text)) lines.push('', `  ${label}`, ...wrap(text).map((line) => (line === '' ? '' : `    ${line}`)));
    else lines.push(`  ${label.padEnd(width)}${text}`);
  }
  lines.push('', `  ${'stage'.padEnd(12)}${'time'.padStart(8)}   artifact`);
  for (const [name, stage] of Object.entries(run.stages)) {
    const time = stage.cached ? 'cached' : duration(1000 * stage.seconds);
    lines.push(`  ${name.padEnd(12)}${time.padStart(8)}   artifacts/${run.pipeline}/${name}`);
  }
  if (run.substitution !== undefined) lines.push('', `!! ${run.substitution}`);
  return `${lines.join('\n')}\n`;
}

const LINE_WIDTH = 100;

/** Breaks text into lines at spaces; its own line breaks stay. */
function wrap(text: string): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines = [''];
    for (const word of paragraph.split(' ')) {
      const line = lines.at(-1)!;
      if (line === '' || line.length + 1 + word.length <= LINE_WIDTH)
        lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
      else lines.push(word);
    }
    return lines;
  });
}
