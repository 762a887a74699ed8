/** @file Processes of this machine as a lock needs to know them: which one has a number, whether it runs, and whether it is suspended. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** What the system says about a process. */
export interface ProcessState {
  /** When it was started, in the system's words: tells it from another that got its number later. Absent where the system does not say. */
  started?: string;
  /** Stopped by SIGSTOP or Ctrl-Z: it holds what it holds and does nothing. */
  suspended: boolean;
}

/** The state of a process of this machine; undefined where there is none of that number, or it has ended and only waits to be noticed. */
export function processState(pid: number): ProcessState | undefined {
  if (!isListed(pid)) return undefined;
  if (process.platform === 'linux') return linuxState(pid) ?? { suspended: false };
  if (process.platform === 'win32') return { suspended: false };
  return psState(pid) ?? { suspended: false };
}

function isListed(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // another user's
  }
}

/** Of /proc/<pid>/stat, see proc_pid_stat(5). The name comes second, in brackets, and may hold anything. */
function linuxState(pid: number): ProcessState | undefined {
  const text = readText(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', started] = [fields[0], fields[19]];
  if (state === 'Z' || state === 'X') return undefined;
  return { suspended: state === 'T' || state === 't', ...(started === undefined ? {} : { started }) };
}

/** Of `ps`, as POSIX has it; `lstart` is what macOS and the BSDs add. */
function psState(pid: number): ProcessState | undefined {
  const text = readText(() => execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' }));
  const [, state, started] = /^(\S+)\s+(.+)$/.exec(text?.trim() ?? '') ?? [];
  if (state === undefined || started === undefined || state.startsWith('Z')) return undefined;
  return { suspended: state.startsWith('T'), started };
}

function readText(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

let own: { machine: string; started: string | undefined } | undefined;

/**
 * This process, for others to find: where its number means something, and when it was started. Two containers may have one host name and
 * numbers of their own, so on Linux a machine is a boot and a namespace of process numbers.
 */
export function thisProcess(): { machine: string; started: string | undefined } {
  return (own ??= { machine: thisMachine(), started: processState(process.pid)?.started });
}

function thisMachine(): string {
  if (process.platform !== 'linux') return hostname();
  const boot = readText(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) ?? '';
  const numbers = readText(() => readlinkSync('/proc/self/ns/pid')) ?? '';
  return [hostname(), boot, numbers].join(' ');
}
