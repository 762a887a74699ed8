/** @file What is made from what: stages in the order in which they run. */
import type { StageDeclaration } from './stage.ts';

/**
 * Stages and everything that they read, each after its inputs.
 * @param stages in the order in which they are wanted
 */
export function withInputs(
  stages: Iterable<string>,
  declarations: ReadonlyMap<string, Pick<StageDeclaration, 'inputs'>>,
): string[] {
  const ordered = new Set<string>();
  const visit = (stage: string): void => {
    if (ordered.has(stage)) return;
    declarations.get(stage)?.inputs.forEach(visit);
    ordered.add(stage);
  };
  for (const stage of stages) visit(stage);
  return [...ordered];
}
