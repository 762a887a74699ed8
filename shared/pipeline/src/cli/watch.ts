/** @file `nx run pipeline:watch`: shows in a second terminal what the steps of a run do, as they do it. Ctrl-C ends it, and not the run. */
import { nearest, print, UserError } from '@arrowsmith/errors';
import { followRuns, type FollowedEvent } from '../follow.ts';
import { printAbove } from '../live-line.ts';
import { pipelineNames } from '../pipeline-source.ts';
import { startProgress } from '../progress.ts';
import type { Progress } from '../stage.ts';
import { main } from './main.ts';
import { format, readOptions, text } from './options.ts';

await main(async (workspace, signal) => {
  const { pipeline, json = false } = readOptions({
    name: 'watch',
    description:
      'Shows what the steps of the runs that go on do: progress, notices, samples, the log of trainings. Waits for a run where none goes on, and ends with it.',
    options: {
      pipeline: text('Only of this pipeline.', 'pipeline', 'all that run'),
      json: format('Prints each event as a line of JSON, with its run, pipeline and step.'),
    },
    example: '--pipeline=tinystories',
  });
  if (pipeline !== undefined) refuseUnknown(pipeline, pipelineNames(workspace.root));
  const show = shown();
  await followRuns(workspace, {
    pipeline,
    signal,
    onEvent: json ? (event) => print(JSON.stringify(event)) : show,
    onWait: () => json || print('nothing runs yet; waiting for a run to begin (Ctrl-C ends this)'),
  });
});

/** It would be waited for until somebody writes it. @throws UserError for a pipeline that there is not */
function refuseUnknown(pipeline: string, pipelines: readonly string[]): void {
  if (pipelines.includes(pipeline)) return;
  const [near] = nearest(pipeline, pipelines);
  throw new UserError({
    what: `there is no pipeline "${pipeline}"`,
    where: 'nx run pipeline:watch',
    expected: `one of ${pipelines.join(', ')}`,
    found: `--pipeline=${pipeline}`,
    fix: near === undefined ? 'leave it out to watch all that run' : `did you mean --pipeline=${near}?`,
  });
}

/** Shows events as the run itself does, each line with its step. */
function shown(): (event: FollowedEvent) => void {
  const bars = new Map<string, Progress>();
  return ({ pipeline, step, event }) => {
    const say = (line: string): void => printAbove(() => print(line));
    switch (event.type) {
      case 'begin':
        return say(`${step}:${pipeline} begins`);
      case 'progress': {
        const { label, done, total, unit, suffix = '' } = event;
        const key = `${step} ${label}`;
        const bar = bars.get(key) ?? startProgress(label, { unit, ...(total === undefined ? {} : { total }) });
        bars.set(key, bar);
        bar.update(done, suffix);
        if (event.end === true) {
          bar.end();
          bars.delete(key);
        }
        return;
      }
      case 'note':
        return say(event.text);
      case 'row': // for programs; the bar says the loss
      case 'end': // a notice before it has said so
        return;
      case 'failed':
        return say(`${step} failed: ${event.message}`);
    }
  };
}
