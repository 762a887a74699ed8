/** @file What every command of this package does around its own work: signals, errors for people, exit codes. */
import { explainFilesystemError } from '@arrowsmith/artifacts/store';
import { printError, printFailure } from '@arrowsmith/errors';
import { findRoot, openWorkspace, type Workspace } from '../workspace.ts';

/** What `nx run` was told beside the target, for the command that it starts and for nothing which that starts in turn. */
let fromNx: string[] | undefined;

/**
 * The flags of a command: its own, and those of the `nx run` that started it, which come by the environment since no shell is to read them.
 */
export function commandFlags(): string[] {
  fromNx ??= JSON.parse(process.env['ARROWSMITH_FLAGS'] ?? '[]') as string[];
  delete process.env['ARROWSMITH_FLAGS'];
  return [...process.argv.slice(2), ...fromNx];
}

/** Nx kills a task five seconds after asking it to stop; stages get three to save what they have. */
const GRACE_MS = 3_000;

/**
 * Runs a command line. Errors that a person can mend are printed without a stack; the exit code is 1, or 143 after SIGTERM.
 *
 * @param graceMs what a command has after a signal, before the process ends; Infinity: it ends by itself
 */
export async function main(
  command: (workspace: Workspace, signal: AbortSignal) => Promise<void>,
  { graceMs = GRACE_MS }: { graceMs?: number } = {},
): Promise<void> {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) return;
    controller.abort();
    if (Number.isFinite(graceMs)) setTimeout(exitStopped, graceMs).unref();
  };
  // For good: on Ctrl-C the terminal and Nx both send signals, and a second one must not end the process while it saves.
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  let workspace: Workspace | undefined;
  try {
    workspace = openWorkspace(findRoot(process.cwd()));
    await command(workspace, controller.signal);
  } catch (error) {
    if (controller.signal.aborted) exitStopped();
    const explained = await explainFilesystemError(error, workspace?.store ?? process.cwd());
    printFailure(explained);
    process.exit(1);
  }
  process.exit(0); // libraries may keep sockets or workers open; the work is done
}

function exitStopped(): never {
  printError('stopped; run the same command again to go on from the last checkpoint or finished step');
  process.exit(143);
}
