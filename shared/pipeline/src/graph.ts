/** @file The graph of a pipeline: which step reads what of which other, wired by kinds of artifacts where the file does not say. */
import { UserError } from '@arrowsmith/errors';
import { OF_TOKENS, type Port } from './ports.ts';
import type { JsonObject, StageDeclaration } from './stage.ts';

type Declarations = ReadonlyMap<string, StageDeclaration>;

/** A step of a pipeline: a stage with parameters of its own, and what it reads. */
export interface Step {
  stage: string;
  parameters: JsonObject;
  /** By port, the steps whose artifacts it takes. */
  inputs: Readonly<Record<string, readonly string[]>>;
}

/** Steps by name, each after those that it reads. */
export type Steps = Readonly<Record<string, Step>>;

/** A step as a pipeline file has it. */
export interface WrittenStep {
  stage: string;
  /** By port, as far as the file says it. */
  inputs: Readonly<Record<string, readonly string[]>>;
}

/** Says where something was written: `pipelines/x.yaml:12`. */
export type Locate = (step: string, port?: string) => string;

/** All steps that a step reads, of whatever port. */
export const inputsOf = ({ inputs }: Pick<Step, 'inputs'>): string[] => [...new Set(Object.values(inputs).flat())];

/**
 * Fills the ports of all steps.
 *
 * A port that takes one is filled by the only other step that makes the kind and does not itself read this one; where there are several, the file
 * has to say which. A port that takes many has all of those. An optional one has what the file says.
 *
 * @param steps by name, in the order of the file
 * @returns the inputs of each step, the steps in the order in which they can run
 * @throws UserError for an input that is no step, of another kind, or too many; for a circle; for a port without a source, or with several; and for
 *   artifacts of different tokenizers in one step
 */
export function wire(
  steps: ReadonlyMap<string, WrittenStep>,
  declarations: Declarations,
  locate: Locate,
): Map<string, Step['inputs']> {
  const wiring: Wiring = { steps, declarations, locate, inputs: new Map() };
  for (const [name, step] of steps) wiring.inputs.set(name, writtenInputs(wiring, name, step));
  refuseCircle(wiring);
  while (fillOnes(wiring));
  for (const [name] of steps) fillMany(wiring, name);
  const ordered = new Map(inOrder(wiring).map((name) => [name, wiring.inputs.get(name)!]));
  refuseTokenizers(wiring);
  return ordered;
}

interface Wiring {
  steps: ReadonlyMap<string, WrittenStep>;
  declarations: Declarations;
  locate: Locate;
  /** What is known so far. */
  inputs: Map<string, Record<string, readonly string[]>>;
}

const portsOf = ({ steps, declarations }: Wiring, name: string): [string, Port][] =>
  Object.entries(declarations.get(steps.get(name)!.stage)!.inputs);

const makes = ({ steps, declarations }: Wiring, name: string, { kind }: Port): boolean =>
  declarations.get(steps.get(name)!.stage)!.makes.includes(kind);

const makers = (wiring: Wiring, port: Port): string[] =>
  [...wiring.steps.keys()].filter((name) => makes(wiring, name, port));

/** What the file says of a step's inputs, checked. */
function writtenInputs(
  wiring: Wiring,
  name: string,
  { stage, inputs }: WrittenStep,
): Record<string, readonly string[]> {
  const ports = Object.fromEntries(portsOf(wiring, name));
  const wrong = (port: string, what: string, expected: string, fix: string): UserError =>
    new UserError({ what: `${wiring.locate(name, port)}: ${name}.inputs.${port}: ${what}`, expected, fix });
  for (const [port, sources] of Object.entries(inputs)) {
    const declared = Object.hasOwn(ports, port) ? ports[port]! : undefined;
    if (declared === undefined) {
      const known = Object.keys(ports).join(', ');
      throw wrong(port, `stage ${stage} has no such input`, known || 'no inputs', 'remove the line, or correct it');
    }
    const choice = makers(wiring, declared).filter((each) => each !== name);
    const expected = `a step that makes ${articled(declared.kind)}${choice.length === 0 ? ', of which there is none' : `: ${choice.join(', ')}`}`;
    if (sources.length === 0) throw wrong(port, 'names no step', expected, 'name one, or remove the line');
    if (declared.takes !== 'many' && sources.length > 1)
      throw wrong(
        port,
        `takes one, not ${sources.length}`,
        expected,
        `choose one of ${sources.filter((each) => each !== name).join(', ')}`,
      );
    for (const [i, source] of sources.entries()) {
      if (!wiring.steps.has(source))
        throw wrong(port, `there is no step "${source}"`, expected, 'correct the name, or add the step');
      if (source === name) throw wrong(port, 'a step cannot read what it makes itself', expected, 'name another step');
      if (sources.indexOf(source) !== i) throw wrong(port, `names ${source} twice`, expected, 'name it once');
      if (!makes(wiring, source, declared)) {
        const { makes: made } = wiring.declarations.get(wiring.steps.get(source)!.stage)!;
        throw wrong(
          port,
          `${source} makes ${made.join(' and ')}, not ${articled(declared.kind)}`,
          expected,
          'name another step',
        );
      }
    }
  }
  return { ...inputs };
}

/** Fills ports that take one and for which there is one step. @returns whether that may have decided others */
function fillOnes(wiring: Wiring): boolean {
  let changed = false;
  for (const [name] of wiring.steps) {
    for (const [port, declared] of portsOf(wiring, name)) {
      const own = wiring.inputs.get(name)!;
      if (declared.takes !== 'one' || own[port] !== undefined) continue;
      const [source, ...others] = candidates(wiring, name, declared);
      if (source === undefined || others.length > 0) continue;
      own[port] = [source];
      changed = true;
    }
  }
  return changed;
}

/** Ports that take many have all that is left; those that take one must have been filled. */
function fillMany(wiring: Wiring, name: string): void {
  for (const [port, declared] of portsOf(wiring, name)) {
    const own = wiring.inputs.get(name)!;
    if (own[port] !== undefined) continue;
    if (declared.takes === 'optional') {
      own[port] = [];
      continue;
    }
    const found = candidates(wiring, name, declared);
    if (found.length === 0) throw noSource(wiring, name, port, declared);
    if (declared.takes === 'one') throw severalSources(wiring, name, port, found);
    own[port] = found;
  }
}

/** Steps that make a kind, but for the step itself and those that read it. */
function candidates(wiring: Wiring, name: string, port: Port): string[] {
  return makers(wiring, port).filter((each) => each !== name && !reads(wiring, each, name));
}

/** Whether a step reads another, as far as that is known, or something that does. */
function reads({ inputs }: Wiring, step: string, other: string, seen = new Set<string>()): boolean {
  if (seen.has(step)) return false;
  seen.add(step);
  const own = inputsOf({ inputs: inputs.get(step)! });
  return own.includes(other) || own.some((each) => reads({ inputs } as Wiring, each, other, seen));
}

function refuseCircle(wiring: Wiring): void {
  for (const name of wiring.steps.keys()) {
    if (!reads(wiring, name, name)) continue;
    const circle = [name];
    for (let at = name; circle.length === 1 || at !== name;) {
      at = inputsOf({ inputs: wiring.inputs.get(at)! }).find((each) => each === name || reads(wiring, each, name))!;
      circle.push(at);
    }
    throw new UserError({
      what: `${wiring.locate(name, 'inputs')}: steps read each other in a circle: ${circle.join(' ← ')}`,
      expected: 'each step after those that it reads',
      fix: 'change one of their `inputs`',
    });
  }
}

/** Each step after its inputs, otherwise as in the file. */
function inOrder({ steps, inputs }: Wiring): string[] {
  return withInputs(
    steps.keys(),
    Object.fromEntries([...steps.keys()].map((name) => [name, { inputs: inputs.get(name)! }])),
  );
}

/**
 * Steps and everything that they read, each after its inputs.
 * @param wanted in the order in which they are wanted
 */
export function withInputs(wanted: Iterable<string>, steps: Readonly<Record<string, Pick<Step, 'inputs'>>>): string[] {
  const ordered = new Set<string>();
  const visit = (name: string): void => {
    if (ordered.has(name) || !Object.hasOwn(steps, name)) return;
    inputsOf(steps[name]!).forEach(visit);
    ordered.add(name);
  };
  for (const name of wanted) visit(name);
  return [...ordered];
}

/** What is of tokens in one step must be of the tokens of one tokenizer. */
function refuseTokenizers(wiring: Wiring): void {
  const { steps, declarations, inputs, locate } = wiring;
  const known = new Map<string, ReadonlyMap<string, string>>();
  /** The tokenizers behind what a step makes, each with the input that it came by. */
  const behind = (name: string): ReadonlyMap<string, string> => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const found = new Map<string, string>();
    for (const [port, { kind }] of portsOf(wiring, name)) {
      if (!OF_TOKENS.has(kind)) continue;
      for (const source of inputs.get(name)![port]!)
        for (const tokenizer of isTokenizer(source) ? [source] : behind(source).keys()) found.set(tokenizer, source);
    }
    known.set(name, found);
    return found;
  };
  const isTokenizer = (name: string): boolean => declarations.get(steps.get(name)!.stage)!.makes.includes('tokenizer');
  for (const name of steps.keys()) {
    const found = [...behind(name)];
    if (found.length < 2) continue;
    throw new UserError({
      what: `${locate(name, 'inputs')}: step ${name} reads what is of different tokenizers: ${found.map(([tokenizer, source]) => (source === tokenizer ? tokenizer : `${source} is of ${tokenizer}`)).join(', ')}`,
      expected: 'models and rows of one tokenizer: their tokens are not the same otherwise',
      fix: `say by \`inputs\` of ${name} which steps it reads, and add a second step for the others`,
    });
  }
}

/** Some kinds are plural. */
const articled = (kind: string): string => (kind.endsWith('s') && kind !== 'corpus' ? kind : `a ${kind}`);

function noSource({ steps, declarations, locate }: Wiring, name: string, port: string, { kind }: Port): UserError {
  const { stage } = steps.get(name)!;
  const stages = [...declarations.values()].filter(({ makes: made }) => made.includes(kind));
  const kinds = new Set<string>([...steps.values()].flatMap((step) => declarations.get(step.stage)!.makes));
  kinds.delete(kind); // nobody has it to make it of
  return new UserError({
    what: `${locate(name)}: step ${name} needs ${articled(kind)}, and no step makes one that it could read`,
    expected: `for the input ${port} of stage ${stage}, a step of the stage ${stages.map((each) => each.name).join(' or ')}`,
    found: `the steps ${[...steps.keys()].join(', ')}`,
    fix: `add \`${likeliest(stages, kinds)}:\` under steps`,
  });
}

/** Of the stages that make what is missing, the one that reads most of what there is, and nothing else. */
function likeliest(stages: readonly StageDeclaration[], there: ReadonlySet<string>): string | undefined {
  const neededBy = ({ inputs }: StageDeclaration) => Object.values(inputs).filter(({ takes }) => takes !== 'optional');
  const ready = stages.filter((stage) => neededBy(stage).every(({ kind }) => there.has(kind)));
  const [most] = [...ready].sort((a, b) => neededBy(b).length - neededBy(a).length);
  return (most ?? stages[0])?.name;
}

function severalSources({ locate }: Wiring, name: string, port: string, found: readonly string[]): UserError {
  return new UserError({
    what: `${locate(name)}: step ${name} takes one ${port}, and ${found.slice(0, -1).join(', ')} and ${found.at(-1)} make one`,
    expected: `which of them, in the pipeline file`,
    fix: `write \`inputs: { ${port}: ${found[0]} }\` in ${name}, or another of them`,
  });
}
