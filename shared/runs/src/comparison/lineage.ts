/** @file The chains of artifacts of several runs: what is the same, and where and why they part. */
import type { Manifest } from '@arrowsmith/artifacts/store';
import type { Run } from '@arrowsmith/pipeline';
import type { ArtifactComparison, Divergence } from './comparison.ts';
import { differingValues } from './values.ts';

/** The steps of all runs, in the order in which they run. */
export function allSteps(runs: readonly Run[]): string[] {
  const longest = runs.toSorted((a, b) => Object.keys(b.steps).length - Object.keys(a.steps).length);
  return [...new Set(longest.flatMap(({ steps }) => Object.keys(steps)))];
}

/** @param manifests of the step in each run, where the store still has them */
export function compareArtifacts(
  runs: readonly Run[],
  step: string,
  manifests: readonly (Manifest | undefined)[],
): ArtifactComparison {
  const of = <T>(value: (record: Run['steps'][string]) => T): (T | null)[] =>
    runs.map(({ steps }) => (steps[step] === undefined ? null : value(steps[step])));
  const present = manifests.filter((manifest) => manifest !== undefined);
  const names = [...new Set(present.flatMap(({ files }) => Object.keys(files)))].sort();
  const digests = of(({ manifest }) => manifest);
  return {
    step,
    manifests: digests,
    bytes: runs.map((run, i) => sizeOf(manifests[i]) ?? (run.steps[step]?.bytes || null)),
    seconds: of(({ seconds }) => seconds),
    same: new Set(digests).size === 1,
    sameCode: new Set(of(({ code }) => code)).size === 1,
    files: names.filter((name) => new Set(present.map(({ files }) => files[name]?.sha256)).size > 1),
  };
}

const sizeOf = (manifest: Manifest | undefined): number | undefined =>
  manifest && Object.values(manifest.files).reduce((sum, { bytes }) => sum + bytes, 0);

/** The first step, of those that both runs have, whose artifacts differ; its inputs are the same, so that the cause is in it. */
export function findDivergence(a: Run, b: Run): Divergence | null {
  for (const step of allSteps([a, b])) {
    const [one, other] = [a.steps[step], b.steps[step]];
    if (one === undefined || other === undefined || one.manifest === other.manifest) continue;
    const parameters = differingValues(step, [one.parameters, other.parameters]).map(({ path }) => `parameter ${path}`);
    const environment = differingValues(step, [one.environment, other.environment]);
    const causes = [
      ...parameters,
      ...(one.code === other.code ? [] : ['code']),
      ...environment.map(({ path }) => `environment ${path}`),
      ...(one.host.node.split('.')[0] === other.host.node.split('.')[0] ? [] : ['version of Node.js']),
    ];
    return {
      step,
      causes: causes.length > 0 ? causes : ['nothing that is known: the step does not compute the same twice'],
    };
  }
  return null;
}
