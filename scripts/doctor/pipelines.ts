/** @file Checks the pipeline files, and says how much disk each pipeline needs. */
import { loadDeclarations, loadPipeline, type Pipeline, pipelineNames } from '@arrowsmith/pipeline';
import { type Source, sourceParameters, sourceTypeOf } from '@arrowsmith/corpus';
import { UserError } from '@arrowsmith/errors';
import { type Finding, finding } from './finding.ts';

/** What a pipeline reads, for the checks of disk and network. */
export interface PipelineSource {
  pipeline: string;
  source: Source;
}

type Declarations = Awaited<ReturnType<typeof loadDeclarations>>;

/** Reads all pipeline files; those with an error are problems, the others are returned. */
export async function checkPipelines(root: string): Promise<{
  findings: Finding[];
  sources: PipelineSource[];
  pipelines: Pipeline[];
  declarations: Declarations;
}> {
  const declarations = await loadDeclarations(root);
  const findings: Finding[] = [];
  const pipelines: Pipeline[] = [];
  for (const name of pipelineNames(root)) {
    try {
      pipelines.push(loadPipeline(root, name, declarations));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      findings.push(finding('problem', 'pipeline', `${name} has an error`, error.parts.what.replaceAll('\n', '; ')));
    }
  }
  if (pipelines.length > 0) {
    const names = pipelines.map(({ name }) => name);
    const first = names.includes('smoke') ? 'smoke' : names[0];
    findings.unshift(
      finding('ok', 'pipelines', `${names.length} can run`, `${names.join(', ')}: npx arrowsmith run ${first}`),
    );
  }
  return { findings, sources: pipelines.flatMap(sourceOf), pipelines, declarations };
}

function sourceOf({ name, steps }: Pipeline): PipelineSource[] {
  const downloads = Object.values(steps).filter(({ stage }) => stage === 'download');
  return downloads.map(({ parameters }) => ({ pipeline: name, source: sourceParameters.parse(parameters['source']) }));
}

/**
 * Disk that a pipeline takes, by size of its text: the download, the documents and, with 16-bit ids, half as much for the tokens; and
 * as much again for weights, checkpoints and a second version of a stage beside the first.
 */
const DISK_PER_TEXT = 4;

/** Roughly how much disk a pipeline needs, in bytes; undefined where its size is not in the pipeline file. */
export function diskNeeded(source: Source): number | undefined {
  const text = sourceTypeOf(source).textBytes?.(source);
  return text === undefined ? undefined : DISK_PER_TEXT * text;
}
