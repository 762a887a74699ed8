/** @file The words and the flags of a command line, told apart. */

/** Options of `nx run` without a value (nx run --help, nx 23), in lower case and without hyphens. */
const NX_SWITCHES: ReadonlySet<string> = new Set(
  `all batch disablenxcache disableremotecache dte excludetaskdependencies graph help nxbail nxignorecycles prod skipnxcache
  skipremotecache skipsync tui tuiautoexit uncommitted untracked verbose version`.split(/\s+/),
);

/** All options of `nx run`. No parameter of a stage may be called like one. */
export const NX_OPTIONS: ReadonlySet<string> = new Set([
  ...NX_SWITCHES,
  ...`base c configuration exclude files head maxparallel outputstyle p parallel project projects runner t target
  targets`.split(/\s+/),
]);

/** The name of a flag as Nx compares names: `--no-tui` is `tui`. */
export const optionName = (flag: string): string =>
  flag.slice(2).split('=')[0]!.replace(/^no-/, '').replaceAll('-', '').toLowerCase();

export interface Arguments {
  /** What is neither a flag nor the value of one, and where it stands. */
  words: { text: string; at: number }[];
  /** Flags with their values: `--steps=300`, also where it was `--steps 300`; `--flag`. */
  flags: string[];
}

/** Tells words and flags apart. What has one hyphen and several letters is a word: no flag is written so. */
export function splitArguments(args: readonly string[]): Arguments {
  const words: Arguments['words'] = [];
  const flags: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === '--') continue;
    if (!/^--|^-[a-z]$/i.test(arg)) {
      words.push({ text: arg, at });
      continue;
    }
    const value = takesNext(arg, args[at + 1]) ? args[++at] : undefined;
    if (arg.startsWith('--')) flags.push(value === undefined ? arg : `${arg}=${value}`);
  }
  return { words, flags };
}

/** Whether what follows a flag is its value. */
function takesNext(flag: string, next: string | undefined): boolean {
  if (next === undefined || next.startsWith('--') || flag.includes('=')) return false;
  if (!flag.startsWith('--')) return /^-[cpt]$/.test(flag); // of Nx
  return !NX_SWITCHES.has(optionName(flag)) || /^(?:true|false)$/.test(next);
}
