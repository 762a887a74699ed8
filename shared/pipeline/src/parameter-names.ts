/** @file The names of a stage's parameters, from the schema in its declaration. */
import * as z from 'zod';
import type { JsonObject, StageDeclaration } from './stage.ts';

/** The names that the parameters of a stage begin with. */
export function parameterNames({ parameters }: StageDeclaration): ReadonlySet<string> {
  const { properties = {} } = z.toJSONSchema(parameters, { io: 'input', unrepresentable: 'any' }) as {
    properties?: JsonObject;
  };
  return new Set(Object.keys(properties));
}
