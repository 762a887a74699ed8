/** @file How long each kernel takes. */
import type { KernelQueue } from './kernel-queue.ts';

/** What one kernel took altogether. */
export interface KernelProfile {
  kernel: string;
  calls: number;
  seconds: number;
}

/** A call while kernels wait: those of the addon from `first` on are its own, up to `end` if it has returned. */
interface WaitingCall {
  entry: KernelProfile;
  first: number;
  end: number | undefined;
}

let profile: Map<string, KernelProfile> | undefined;
let waiting: WaitingCall[] = [];
/** What kernels that waited took altogether. */
let waitedSeconds = 0;

/** Starts to measure each kernel of the native backend, from zero. */
export function startProfile(): void {
  profile = new Map();
  waiting = [];
}

/** Ends the measurement. @returns what took longest first; kernels that others call count for themselves and in their caller */
export function takeProfile(): KernelProfile[] {
  const measured = [...(profile?.values() ?? [])];
  profile = undefined;
  return measured.sort((a, b) => b.seconds - a.seconds);
}

/** The function, which is measured while a profile is being taken. */
export function profiled<A, R>(
  kernel: string,
  run: (args: A) => R,
  queueOf: (args: A) => Pick<KernelQueue, 'isOpen' | 'length'>,
): (args: A) => R {
  return (args) => {
    if (profile === undefined) return run(args);
    let entry = profile.get(kernel);
    if (entry === undefined) profile.set(kernel, (entry = { kernel, calls: 0, seconds: 0 }));
    entry.calls++;
    const queue = queueOf(args);
    const call: WaitingCall = { entry, first: queue.length, end: undefined };
    if (queue.isOpen) waiting.push(call);
    const [start, waitedBefore] = [performance.now(), waitedSeconds];
    try {
      return run(args);
    } finally {
      const elapsed = (performance.now() - start) / 1000;
      call.end = queue.length;
      // What waits is measured when it runs, and what JavaScript does to make it wait is no kernel's time.
      if (!queue.isOpen || call.end === call.first) entry.seconds += elapsed - (waitedSeconds - waitedBefore);
    }
  };
}

/** Adds what the kernels took that waited, in their order. */
export function addWaited(seconds: readonly number[]): void {
  if (profile === undefined) return;
  for (const { entry, first, end } of waiting) {
    for (const each of seconds.slice(first, end)) entry.seconds += each;
  }
  for (const each of seconds) waitedSeconds += each;
  waiting = waiting.filter(({ end }) => end === undefined).map((call) => Object.assign(call, { first: 0 }));
}
