/** @file Renders templates in the state of a story: who plays which role, what is decided, who was mentioned. */

import { mention, refer, type Discourse, type Person } from './discourse.ts';
import type { RandomBelow } from './random.ts';
import { addressed, beforeTag, SENTENCE_END, tagOf, verbFor } from './speech.ts';
import { capitalize, PRONOUNS, type Cause, type Reference, type Slot, type Speech, type Template } from './template.ts';
import { isTable, type Plot, type Row, type Source, type Table } from './story.ts';

/** How roles are filled that a plot does not fill in its own way, and what every plot may say. */
export interface World {
  readonly cast: ReadonlyMap<string, Source>;
  readonly phrases: ReadonlyMap<string, Template>;
}

/** A story that is being told. */
export interface Telling {
  readonly plan: Plot;
  readonly world: World;
  /** The only source of variety. */
  readonly below: RandomBelow;
  /** Who or what plays each role that has occurred. */
  readonly roles: Map<string, Row>;
  /** The fields of rows that have been rendered: a ball that is red stays red. */
  readonly decided: Map<Row, Record<string, string>>;
  readonly discourse: Discourse;
}

/** The text of a template; what is random or a mention changes the telling. */
export function render(telling: Telling, template: Template): string {
  if (typeof template === 'string') return template;
  switch (template.type) {
    case 'sequence': {
      let text = '';
      for (const part of template.parts) text += typeof part === 'string' ? part : render(telling, part);
      return text;
    }
    case 'choice':
      return render(telling, template.options[telling.below(template.options.length)]!);
    case 'slot':
      return renderSlot(telling, template);
    case 'reference':
      return renderReference(telling, template);
    case 'speech':
      return renderSpeech(telling, template);
    case 'cause':
      return renderCause(telling, template);
    case 'paragraph':
      telling.discourse.last.clear();
      return '\n\n';
  }
}

function renderSlot(telling: Telling, { role, field, capital }: Slot): string {
  const isPhrase = field === 'name' && !telling.plan.cast.has(role);
  const phrase = isPhrase ? telling.world.phrases.get(role) : undefined;
  let text: string;
  if (phrase === undefined) {
    const row = rowOf(telling, role);
    text = textOf(telling, row, role, field);
    if (field === 'name' || PRONOUNS.has(field)) mention(telling.discourse, role, row['he'] as string | undefined);
  } else {
    text = render(telling, phrase);
  }
  return capital ? capitalize(text) : text;
}

function renderReference(telling: Telling, { role, case: grammaticalCase, capital }: Reference): string {
  const text = referTo(telling, role, grammaticalCase);
  return capital ? capitalize(text) : text;
}

function referTo(telling: Telling, role: string, grammaticalCase: Reference['case']): string {
  const row = rowOf(telling, role);
  const isPlain = typeof row.name === 'string';
  const person = (isPlain ? row : { ...row, name: textOf(telling, row, role, 'name') }) as unknown as Person;
  return refer(telling.discourse, role, person, grammaticalCase, telling.below, (kind) => {
    let count = 0;
    for (const other of telling.roles.values()) if (other['kind'] === kind) count++;
    return count === 1;
  });
}

/** Direct speech, with its speaker before it, behind it or in the middle. */
function renderSpeech(telling: Telling, { role, verbs, text }: Speech): string {
  const { below, discourse } = telling;
  const he = rowOf(telling, role)['he'] as string;
  const listener = listenerOf(telling, role);
  discourse.speaker = role;
  const frame = below(8);
  if (frame < 2) {
    const who = referTo(telling, role, 's');
    const said = spokenTo(telling, listener, render(telling, text));
    mention(discourse, role, he); // whoever is named in what is said, the speaker is the one spoken of
    const end = said.search(SENTENCE_END);
    return `${capitalize(who)} ${verbFor(end < 0 ? said : said.slice(0, end + 1), verbs, below)}, "${said}"`;
  }
  const said = spokenTo(telling, listener, render(telling, text));
  const split = frame < 5 ? said.search(SENTENCE_END) : -1;
  const first = split < 0 ? said : said.slice(0, split + 1);
  const who = referTo(telling, role, 's');
  const tag = tagOf(first, who, who === he, verbs, below);
  return `"${beforeTag(first)}" ${tag}.${split < 0 ? '' : ` "${said.slice(split + 2)}"`}`;
}

/** Whose name the speaker may use: the hero's, or that of who spoke before; strangers do not know it. */
function listenerOf({ discourse, roles }: Telling, speaker: string): string | undefined {
  const listener = speaker === 'hero' ? discourse.speaker : 'hero';
  return listener === speaker || STRANGERS.has(speaker) || STRANGERS.has(listener ?? '') || !roles.has('hero')
    ? undefined
    : listener;
}

const STRANGERS: ReadonlySet<string> = new Set(['stranger', 'giver']);

/** What is said, sometimes with the listener's name. */
function spokenTo(telling: Telling, listener: string | undefined, said: string): string {
  if (listener === undefined || telling.below(3) > 0) return said;
  return addressed(said, textOf(telling, rowOf(telling, listener), listener, 'name'));
}

/** A cause and its effect, in the order in which they are told. */
function renderCause(telling: Telling, { cause, effect }: Cause): string {
  const { below } = telling;
  const frame = below(5);
  const conjunction = below(4) === 0 ? 'since' : 'because';
  if (frame === 0) {
    const first = render(telling, effect);
    return `${capitalize(first)} ${conjunction} ${render(telling, cause)}.`;
  }
  const first = render(telling, cause);
  if (frame === 1) return `${capitalize(conjunction)} ${first}, ${render(telling, effect)}.`;
  return capitalize(first) + SO[below(SO.length)]! + render(telling, effect) + '.';
}

/** What stands between a cause and its effect. */
const SO = [', so ', ', so ', ', and so ', '. So ', '. That was why '];

/** Who plays a role: drawn when it first occurs. */
function rowOf(telling: Telling, role: string): Row {
  const { plan, world, roles, below } = telling;
  const known = roles.get(role);
  if (known !== undefined) return known;
  const source = plan.cast.get(role) ?? world.cast.get(role);
  if (source === undefined) throw new Error(`plot "${plan.name}": nothing fills {${role}}`);
  let row: Row;
  if (isTable(source)) row = drawUnlike(roles, source, below);
  else if (typeof source !== 'string' && source.type === 'of') {
    row = drawUnlike(roles, rowOf(telling, source.role)[source.field] as Table, below);
  } else row = { name: render(telling, source) };
  roles.set(role, row);
  return row;
}

/** What a row says in a field, decided when it is first asked for. */
function textOf(telling: Telling, row: Row, role: string, field: string): string {
  const template = row[field];
  if (typeof template === 'string') return template;
  if (template === undefined || isTable(template)) {
    throw new Error(`plot "${telling.plan.name}": nothing fills {${role}.${field}}`);
  }
  let fields = telling.decided.get(row);
  if (fields === undefined) telling.decided.set(row, (fields = {}));
  return (fields[field] ??= render(telling, template));
}

/** A random row whose name, and group if it has one, no other role has: from a random start, the first that is free. */
function drawUnlike(roles: ReadonlyMap<string, Row>, rows: Table, below: RandomBelow): Row {
  const start = below(rows.length);
  for (let offset = 0; offset < rows.length; offset++) {
    const row = rows[(start + offset) % rows.length]!;
    if (isFree(roles, row)) return row;
  }
  throw new Error(`every row is taken: ${rows.map((row) => JSON.stringify(row.name)).join(', ')}`);
}

function isFree(roles: ReadonlyMap<string, Row>, { name, group }: Row): boolean {
  for (const row of roles.values()) {
    if (row.name === name || (group !== undefined && row['group'] === group)) return false;
  }
  return true;
}
