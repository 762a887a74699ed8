/** @file Runs a stage from its sources, for a debugger: `node --import tsx shared/pipeline/src/cli/run-stage.ts train tinystories [step]`. */
import { readFingerprint } from '../run-stage.ts';
import { findRoot, loadDeclaration, loadDeclarations, loadStage, openWorkspace } from '../workspace.ts';
import { runStageCommand } from './run-stage-command.ts';

const [stage = '', ...args] = process.argv.slice(2);
const root = findRoot(process.cwd());
await loadDeclaration(root, stage); // says which stages there are
const declarations = await loadDeclarations(root);
const workspace = openWorkspace(root);
const code: Record<string, string> = {};
for (const name of declarations.keys()) code[name] = await readFingerprint(workspace, name).catch(() => 'not built');

await runStageCommand(stage, () => loadStage(root, stage), args, { declarations, code });
