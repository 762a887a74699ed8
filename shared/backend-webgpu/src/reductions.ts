/**
 * @file Sums and maxima over the threads of a workgroup. Shaders name them; how they are computed, the device decides when it compiles: by subgroups, whose
 * threads the hardware combines, or by the workgroup's memory. The order of terms is another, and always the same on a device.
 */

/** Threads of a workgroup that has a row of a few hundred elements. */
export const ROW_THREADS = 32;

const OPERATIONS = {
  sumOf: { combine: (a: string, b: string) => `${a} + ${b}`, ofSubgroup: 'subgroupAdd' },
  maxOf: { combine: (a: string, b: string) => `max(${a}, ${b})`, ofSubgroup: 'subgroupMax' },
} as const;

type Name = keyof typeof OPERATIONS;

const marker = (name: Name, threads: number): string => `/* ${name} of ${threads} threads */\n`;

/** `sumOf(value, lane)`: the sum of the values of all threads of a workgroup, of which there are 32 or a square number. */
export const sumOf = (threads: number): string => marker('sumOf', threads);
/** `maxOf(value, lane)`; see {@link sumOf}. */
export const maxOf = (threads: number): string => marker('maxOf', threads);

/** More parts than these are combined faster in two steps, by the workgroup's memory. */
const MOST_PARTS = 16;

/** The subgroups of a device. */
export interface Subgroups {
  /** Their threads. */
  size: number;
  /** Whether all have as many in all shaders, and are neighbours. Else a compiler may take others for another shader, which then looks at what they are. */
  isFixed: boolean;
}

/** The code with the functions in place of their names. */
export function withReductions(code: string, subgroups: Subgroups | undefined): string {
  let usesSubgroups = false;
  const written = code.replace(/\/\* (sumOf|maxOf) of (\d+) threads \*\//g, (_, name: Name, threads: string) => {
    const parts = subgroups === undefined ? Infinity : Math.ceil(Number(threads) / subgroups.size);
    if (subgroups === undefined || parts > MOST_PARTS) return byMemory(name, Number(threads));
    usesSubgroups = true;
    return subgroups.isFixed ? bySubgroups(name, parts, subgroups.size) : byAnySubgroups(name, Number(threads));
  });
  if (!usesSubgroups) return written;
  return `enable subgroups;\n${subgroups?.isFixed ? written : withSubgroupBuiltins(written)}`;
}

/** The subgroup of a thread, for functions. */
const withSubgroupBuiltins = (code: string): string => `
var<private> subgroupCount: u32;
var<private> subgroupNumber: u32;
var<private> subgroupLane: u32;
${code.replace(
  /fn main\(([^{]*)\) \{/,
  (_, parameters: string) => `fn main(${parameters}
  @builtin(num_subgroups) builtinSubgroupCount: u32,
  @builtin(subgroup_id) builtinSubgroupNumber: u32,
  @builtin(subgroup_invocation_id) builtinSubgroupLane: u32,
) {
  subgroupCount = builtinSubgroupCount;
  subgroupNumber = builtinSubgroupNumber;
  subgroupLane = builtinSubgroupLane;
`,
)}`;

/** All of so many parts, in their order. */
const combined = (name: Name, count: string, first: string): string => `
  var all = ${name}Parts[${first}];
  for (var i = 1u; i < ${count}; i++) { all = ${OPERATIONS[name].combine('all', `${name}Parts[${first} + i]`)}; }
`;

function bySubgroups(name: Name, parts: number, size: number): string {
  const { ofSubgroup } = OPERATIONS[name];
  if (parts === 1) return `fn ${name}(value: f32, lane: u32) -> f32 { return ${ofSubgroup}(value); }`;
  return `
var<workgroup> ${name}Parts: array<f32, ${parts}>;
fn ${name}(value: f32, lane: u32) -> f32 {
  let ofSubgroup = ${ofSubgroup}(value);
  workgroupBarrier(); // an earlier call may still read
  if (lane % ${size}u == 0u) { ${name}Parts[lane / ${size}u] = ofSubgroup; }
  workgroupBarrier();
  ${combined(name, `${parts}u`, '0u')}
  return all;
}
`;
}

/** Threads of a subgroup, at least. */
const LEAST_SIZE = 4;

/** Right for subgroups of any size, and of any threads. */
const byAnySubgroups = (name: Name, threads: number): string => `
var<workgroup> ${name}Parts: array<f32, ${threads / LEAST_SIZE}>;
fn ${name}(value: f32, lane: u32) -> f32 {
  let ofSubgroup = ${OPERATIONS[name].ofSubgroup}(value);
  workgroupBarrier(); // an earlier call may still read
  if (subgroupLane == 0u) { ${name}Parts[subgroupNumber] = ofSubgroup; }
  workgroupBarrier();
  ${combined(name, 'subgroupCount', '0u')}
  return all;
}
`;

/** In few steps: each thread combines a few values by itself, which costs less than that all threads wait for each other once more. */
function byMemory(name: Name, threads: number): string {
  const parts = `${name}Parts`;
  const side = Math.sqrt(threads);
  return threads === ROW_THREADS
    ? `
var<workgroup> ${parts}: array<f32, ${threads}>;
fn ${name}(value: f32, lane: u32) -> f32 {
  workgroupBarrier(); // an earlier call may still read
  ${parts}[lane] = value;
  workgroupBarrier();
  ${combined(name, `${threads}u`, '0u')}
  return all;
}
`
    : `
var<workgroup> ${parts}: array<f32, ${threads + side}>;
fn ${name}OfPart(first: u32) -> f32 { ${combined(name, `${side}u`, 'first')} return all; }
fn ${name}(value: f32, lane: u32) -> f32 {
  workgroupBarrier();
  ${parts}[lane] = value;
  workgroupBarrier();
  if (lane < ${side}u) { ${parts}[${threads}u + lane] = ${name}OfPart(lane * ${side}u); }
  workgroupBarrier();
  return ${name}OfPart(${threads}u);
}
`;
}
