/** @file What zod finds wrong with parameters, in words: which key, what was expected, which keys there are. */
import * as z from 'zod';
import { printableLine } from '@arrowsmith/errors';
import { isObject } from './overrides.ts';
import type { JsonObject } from './stage.ts';

export type Path = readonly PropertyKey[];

/**
 * One line for each thing that is wrong.
 * @param schema what was parsed with
 * @param where says where a path was written, e.g. `pipelines/x.yaml:12: `
 * @param above keys of a path that are not part of a parameter's name: 1 (`steps`) in a pipeline, 0 among the parameters of one stage
 */
export function issueLines(
  error: z.ZodError,
  schema: z.ZodType,
  where: (path: Path) => string,
  above: 0 | 1,
): string[] {
  const jsonSchema = z.toJSONSchema(schema, { io: 'input' }) as JsonObject;
  const wrong = error.issues.flatMap(withinUnion).flatMap((issue): (() => string)[] => {
    if (issue.code !== 'unrecognized_keys') {
      return [
        () => `${where(issue.path)}${parameterName(issue.path, above) || 'pipeline'}: ${printableLine(issue.message)}`,
      ];
    }
    return issue.keys.map((key) => () => {
      const path = [...issue.path, key];
      const known = knownKeys(jsonSchema, issue.path);
      const choice = known.length > 0 ? ` (known here: ${known.join(', ')})` : '';
      return `${where(path)}unknown parameter "${parameterName(path, above)}"${choice}`;
    });
  });
  const more = wrong.length > SHOWN ? [`and ${wrong.length - SHOWN} more`] : [];
  return [...wrong.slice(0, SHOWN).map((say) => say()), ...more];
}

/** Lines that are told at once. */
const SHOWN = 20;

/** A path as people write it: `train.optimizer.learningRate`. */
export const parameterName = (path: Path, above: 0 | 1): string => printableLine(path.slice(above).join('.'));

/**
 * What is wrong in the alternative of a union that was most likely meant: the one that got furthest. A value of none of the alternatives'
 * types keeps the union's own message.
 */
export function withinUnion(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const depth = (issues: readonly z.core.$ZodIssue[]) => Math.max(...issues.map(({ path }) => path.length), 0);
  const furthest = issue.errors
    .map((issues) => issues.flatMap(withinUnion))
    .filter((issues) => depth(issues) > 0 || issues.some(({ code }) => code === 'unrecognized_keys'))
    .sort((a, b) => depth(b) - depth(a))[0];
  return furthest?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })) ?? [issue];
}

/** Keys that the JSON Schema allows at a path, over all alternatives. */
export function knownKeys(schema: JsonObject, path: Path): string[] {
  const keys = schemasAt(schema, path)
    .flatMap(alternatives)
    .flatMap((one) => Object.keys(isObject(one['properties']) ? one['properties'] : {}));
  return [...new Set(keys)];
}

/** What the JSON Schema says of the value at a path, in each of the alternatives above it. */
export function schemasAt(schema: JsonObject, path: Path): JsonObject[] {
  let level: JsonObject[] = [schema];
  for (const key of path) {
    level = level.flatMap(alternatives).flatMap((one) => {
      const property = isObject(one['properties']) ? one['properties'][String(key)] : undefined;
      return isObject(property) ? [property] : [];
    });
  }
  return level;
}

function alternatives(schema: JsonObject): JsonObject[] {
  const inner = [...((schema['anyOf'] ?? schema['oneOf'] ?? schema['allOf'] ?? []) as JsonObject[])];
  return [schema, ...inner.flatMap(alternatives)];
}
