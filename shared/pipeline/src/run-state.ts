/**
 * @file What an `nx run` keeps while it goes on, in `<store>/runs/<id>/`:
 *
 *     plan.json                the steps with their parameters, as they were when it began
 *     <pipeline>/<step>.json   which result a step made or found
 *
 * Its processes read their parameters and each other's results here, so that nothing that another run does at the same time can reach them.
 * While it is there, garbage is not collected.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLocked, writeFileAtomic } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import * as z from 'zod';
import { removeOldEvents } from './events.ts';
import { collectorLock, type Workspace } from './workspace.ts';

const stepSchema = z.strictObject({
  stage: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  inputs: z.record(z.string(), z.array(z.string())),
});

const planSchema = z.strictObject({
  format: z.literal(2),
  /** The process whose end is the run's. */
  process: z.strictObject({ pid: z.int(), host: z.string() }),
  pipelines: z.record(
    z.string(),
    z.union([
      z.strictObject({
        description: z.string(),
        steps: z.record(z.string(), stepSchema),
        /** Parameters that were changed for this run, by path. */
        changes: z.record(z.string(), z.unknown()).default({}),
      }),
      z.strictObject({ error: z.string(), names: z.array(z.string()) }),
    ]),
  ),
});

/** The parameters of one `nx run`. */
export type RunPlan = z.infer<typeof planSchema>;

const outcomeSchema = z.strictObject({ key: z.string(), computed: z.boolean() });

/** Which result a step has in a run. */
export type Outcome = z.infer<typeof outcomeSchema>;

/** Another machine's run counts as over after this. */
const FORGOTTEN_MS = 24 * 3_600_000;
const POLL_MS = 50;

const runsFolder = ({ store }: Workspace): string => join(store, 'runs');

const runFolder = (workspace: Workspace, id: string): string => join(runsFolder(workspace), id);

const planPath = (workspace: Workspace, id: string): string => join(runFolder(workspace, id), 'plan.json');

const outcomePath = (workspace: Workspace, id: string, pipeline: string, step: string): string =>
  join(runFolder(workspace, id), pipeline, `${step}.json`);

/** Begins a run: writes its plan, and waits while garbage is collected. Runs whose process is gone are forgotten. */
export async function beginRun(workspace: Workspace, id: string, plan: RunPlan): Promise<void> {
  for (const other of await runIds(workspace)) if (!(await isAlive(workspace, other))) await endRun(workspace, other);
  await removeOldEvents(workspace);
  await mkdir(runFolder(workspace, id), { recursive: true });
  await writeFileAtomic(planPath(workspace, id), JSON.stringify(plan));
  while (existsSync(collectorLock(workspace)) && (await isLocked(collectorLock(workspace)))) await sleep(POLL_MS);
}

/** Forgets a run. */
export async function endRun(workspace: Workspace, id: string): Promise<void> {
  await rm(runFolder(workspace, id), { recursive: true, force: true });
}

/** The processes of runs that go on. */
export async function runsGoingOn(workspace: Workspace): Promise<{ id: string; pid: number; host: string }[]> {
  const going: { id: string; pid: number; host: string }[] = [];
  for (const id of await runIds(workspace)) {
    if (!(await isAlive(workspace, id))) continue;
    const plan = await readJson(planPath(workspace, id), planSchema);
    going.push({ id, ...(plan?.process ?? { pid: 0, host: 'unknown' }) });
  }
  return going;
}

const runIds = (workspace: Workspace): Promise<string[]> => readdir(runsFolder(workspace)).catch(() => []);

async function isAlive(workspace: Workspace, id: string): Promise<boolean> {
  const begun = await stat(planPath(workspace, id)).catch(() => stat(runFolder(workspace, id)).catch(() => undefined));
  if (begun === undefined) return false; // it ended meanwhile
  if (Date.now() - begun.mtimeMs > FORGOTTEN_MS) return false;
  const plan = await readJson(planPath(workspace, id), planSchema);
  if (plan === undefined) return Date.now() - begun.mtimeMs < 60_000; // about to be written, or damaged
  if (plan.process.host !== hostname()) return true;
  try {
    process.kill(plan.process.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // alive, but another user's
  }
}

/** @throws UserError where there is none, or it is damaged */
export async function readPlan(workspace: Workspace, id: string): Promise<RunPlan> {
  const plan = await readJson(planPath(workspace, id), planSchema);
  if (plan !== undefined) return plan;
  throw new UserError({
    what: 'the parameters of this run are missing or damaged',
    where: planPath(workspace, id),
    expected: 'what the Nx plugin wrote when the run began (ARROWSMITH_INVOCATION names the run)',
    fix: 'start the command again, through Nx',
  });
}

/** Writes down which result a step made or found. */
export async function writeOutcome(
  workspace: Workspace,
  id: string,
  pipeline: string,
  step: string,
  outcome: Outcome,
): Promise<void> {
  await mkdir(join(runFolder(workspace, id), pipeline), { recursive: true });
  await writeFileAtomic(outcomePath(workspace, id, pipeline, step), JSON.stringify(outcome));
}

/** @returns undefined where the step did not run in this run, since nothing had changed */
export async function readOutcome(
  workspace: Workspace,
  id: string,
  pipeline: string,
  step: string,
): Promise<Outcome | undefined> {
  const path = outcomePath(workspace, id, pipeline, step);
  const outcome = await readJson(path, outcomeSchema);
  if (outcome === undefined && existsSync(path)) {
    throw new UserError({
      what: `what step ${step} found in this run is damaged`,
      where: path,
      expected: 'JSON with key and computed',
      fix: 'start the command again; nothing is computed twice',
    });
  }
  return outcome;
}

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}
