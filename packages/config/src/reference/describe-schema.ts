// A schema as a list of keys: path, type, default, meaning. Help texts and reference pages are made from it, so what people
// read is what is checked.

import type { z } from 'zod';
import { schemaFacts } from '../schema/section.ts';

export interface SchemaKey {
  /** `entryPoints.<name>.address`; list items as `servers[].url`. */
  readonly path: string;
  /** `duration`, `boolean`, `list of strings`, `wrr | p2c`, `section`, … */
  readonly type: string;
  /** As one would write it; undefined when there is none. */
  readonly default: string | undefined;
  readonly required: boolean;
  /** Empty where the keys inside speak for themselves. */
  readonly description: string;
}

type Schema = z.core.$ZodType;

/** Keys in the order of the schema, sections before what is in them. */
export function describeSchema(schema: Schema): SchemaKey[] {
  const keys: SchemaKey[] = [];
  describeInner(schema, '', keys);
  return keys;
}

interface Unwrapped {
  readonly core: Definition;
  readonly typeName: string | undefined;
  readonly defaultValue: unknown;
  readonly optional: boolean;
  readonly description: string;
  readonly mayBeEmpty: boolean;
}

interface Definition {
  readonly type: string;
  readonly innerType?: Schema;
  readonly in?: Schema;
  readonly out?: Schema;
  readonly getter?: () => Schema;
  readonly defaultValue?: unknown;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly valueType?: Schema;
  readonly element?: Schema;
  readonly options?: readonly Schema[];
  readonly entries?: Readonly<Record<string, string | number>>;
  readonly values?: readonly unknown[];
}

function describeInner(schema: Schema, path: string, keys: SchemaKey[]): void {
  const { core } = unwrap(schema);
  if (core.type === 'object') {
    for (const [key, inner] of Object.entries(core.shape ?? {}))
      describeKey(inner, path === '' ? key : `${path}.${key}`, keys);
  } else if (core.type === 'record') {
    if (isStructured(core.valueType!)) describeInner(core.valueType!, `${path}.<name>`, keys);
  } else if (core.type === 'array') {
    if (isStructured(core.element!)) describeInner(core.element!, `${path}[]`, keys);
  }
}

function describeKey(schema: Schema, path: string, keys: SchemaKey[]): void {
  const { core, typeName, defaultValue, optional, description, mayBeEmpty } = unwrap(schema);
  keys.push({
    path,
    type: (typeName ?? typeOf(core)) + (mayBeEmpty ? ' (may be empty)' : ''),
    default: isSection(core) ? undefined : defaultText(defaultValue),
    required: !optional && defaultValue === undefined,
    description,
  });
  if (typeName === undefined) describeInner(schema, path, keys);
}

function unwrap(schema: Schema): Unwrapped {
  let current: Schema | undefined = schema;
  let core = schema._zod.def as unknown as Definition;
  let typeName: string | undefined;
  let defaultValue: unknown;
  let optional = false;
  let description = '';
  let mayBeEmpty = false;
  while (current !== undefined) {
    core = current._zod.def as unknown as Definition;
    const facts = schemaFacts(current);
    typeName ??= facts.typeName;
    mayBeEmpty ||= facts.mayBeEmpty === true;
    defaultValue ??= core.defaultValue;
    optional ||= core.type === 'optional';
    description ||= (current as z.ZodType).description ?? '';
    current = inside(core);
  }
  return { core, typeName, defaultValue, optional, description, mayBeEmpty };
}

function inside({ type, in: input, out, getter, innerType }: Definition): Schema | undefined {
  if (type === 'pipe') return (input?._zod.def as { type?: string } | undefined)?.type === 'transform' ? out : input;
  return type === 'lazy' ? getter?.() : innerType;
}

function typeOf(core: Definition): string {
  switch (core.type) {
    case 'object':
      return 'section';
    case 'record':
      return isStructured(core.valueType!) ? 'map of sections' : `map of ${typeOf(unwrap(core.valueType!).core)}s`;
    case 'array':
      return isStructured(core.element!) ? 'list of sections' : `list of ${typeOf(unwrap(core.element!).core)}s`;
    case 'enum':
      return Object.values(core.entries ?? {}).join(' | ');
    case 'literal':
      return (core.values ?? []).map(String).join(' | ');
    case 'union':
      return [
        ...new Set((core.options ?? []).map((option) => unwrap(option).typeName ?? typeOf(unwrap(option).core))),
      ].join(' | ');
    case 'number':
      return (core as { format?: string }).format === 'safeint' ? 'integer' : 'number';
    default:
      return core.type === 'unknown' ? 'any' : core.type;
  }
}

function isSection(core: Definition): boolean {
  return core.type === 'object' || core.type === 'record';
}

function isStructured(schema: Schema): boolean {
  return ['object', 'record'].includes(unwrap(schema).core.type);
}

function defaultText(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? '[]' : value.join(', ');
  if (typeof value === 'string') return value === '' ? '""' : value;
  return typeof value === 'object' ? '{}' : String(value);
}
