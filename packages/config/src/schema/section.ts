// What a schema says beyond zod: which sections may be given bare (`--ping`, `compress: true`), and how the reference
// pages name a type. Kept in a registry of our own, so nothing of it leaks into the generated JSON Schemas.

import { z } from 'zod';

export interface SchemaFacts {
  /** The section may be given as `true` instead of a map; it then takes its defaults. */
  readonly mayBeEmpty?: boolean;
  /** Word for the type on reference pages, where zod's own would not say enough: `duration`. */
  readonly typeName?: string;
}

const facts = z.registry<SchemaFacts>();

/** Marks a section that means something without any key (static-config.md 1.5, "may be empty"). Returns its argument. */
export function mayBeEmpty<Schema extends z.ZodType>(schema: Schema): Schema {
  facts.add(schema, { ...schemaFacts(schema), mayBeEmpty: true });
  return schema;
}

/** Names the type for reference pages and help. Returns its argument. */
export function typeNamed<Schema extends z.ZodType>(typeName: string, schema: Schema): Schema {
  facts.add(schema, { ...schemaFacts(schema), typeName });
  return schema;
}

export function schemaFacts(schema: z.core.$ZodType): SchemaFacts {
  return facts.get(schema as z.ZodType) ?? {};
}
