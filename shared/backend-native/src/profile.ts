/** @file How long each kernel takes. */

/** What one kernel took altogether. */
export interface KernelProfile {
  kernel: string;
  calls: number;
  seconds: number;
}

let profile: Map<string, KernelProfile> | undefined;

/** Starts to measure each kernel of the native backend, from zero. */
export function startProfile(): void {
  profile = new Map();
}

/** Ends the measurement. @returns what took longest first; kernels that others call count for themselves and in their caller */
export function takeProfile(): KernelProfile[] {
  const measured = [...(profile?.values() ?? [])];
  profile = undefined;
  return measured.sort((a, b) => b.seconds - a.seconds);
}

/** The function, which is measured while a profile is being taken. */
export function profiled<A, R>(kernel: string, run: (args: A) => R): (args: A) => R {
  return (args) => {
    if (profile === undefined) return run(args);
    const start = performance.now();
    const result = run(args);
    let entry = profile.get(kernel);
    if (entry === undefined) profile.set(kernel, (entry = { kernel, calls: 0, seconds: 0 }));
    entry.calls++;
    entry.seconds += (performance.now() - start) / 1000;
    return result;
  };
}
