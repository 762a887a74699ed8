/** @file Names of inputs that there may be any number of. */

const names = new Map<string, string[]>();

/** `${name}${i}`, made once: a new string is slow to look up by, and a step of training looks up hundreds. */
export function numberedName(name: string, i: number): string {
  let list = names.get(name);
  if (list === undefined) names.set(name, (list = []));
  while (list.length <= i) list.push(`${name}${list.length}`);
  return list[i]!;
}
