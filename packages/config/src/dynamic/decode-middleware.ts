// One middleware: exactly one type key, whose options are decoded by the schema that type brings along. Which types exist is
// told from above; this file knows only the names of the reference.

import type { DiagnosticCode } from '@sluice/errors';
import type { z } from 'zod';
import { DecodeContext, type DecodeOptions } from '../decode/decode-context.ts';
import { type DecodedObject, decodeObject, type ObjectLocation } from '../decode/decode-object.ts';
import { nearestKeyHint } from '../decode/nearest-key.ts';
import { shapeOf } from '../decode/schema-shape.ts';
import type { MiddlewareConfiguration } from '../model/dynamic-configuration.ts';
import type { SourceDocument, SourceEntry, SourceNode } from '../source/source-node.ts';
import { KNOWN_MIDDLEWARE_TYPES } from './unsupported-dynamic.ts';

export interface MiddlewareTypeSchema {
  /** Key in the configuration: `addPrefix`. */
  readonly type: string;
  /** Decodes and validates the options; defaults included. Object keys match in any case, record keys keep their spelling. */
  readonly schema: z.ZodType<unknown>;
}

export type MiddlewareTypes = ReadonlyMap<string, MiddlewareTypeSchema>;

/** @param knownTypes those of the reference, whether there are schemas for them or not */
export function decodeMiddleware(
  node: SourceNode,
  document: SourceDocument,
  location: ObjectLocation,
  options: DecodeOptions,
  types: MiddlewareTypes,
  knownTypes: readonly string[] = KNOWN_MIDDLEWARE_TYPES,
): DecodedObject<MiddlewareConfiguration> {
  const refuse = (code: DiagnosticCode, message: string, offset: number, hint = {}): DecodedObject<never> => {
    const context = new DecodeContext(document, options, location.object);
    context.report('error', code, message, offset, hint);
    return { value: undefined, diagnostics: context.diagnostics };
  };
  const names = [...types.keys()];
  if (node.kind !== 'map')
    return refuse('CONFIG_VALUE', 'a middleware must be a section with one type as its key', node.offset);
  const entries = node.entries.filter((entry) => entry.node.kind !== 'null');
  const [entry, second] = entries;
  if (entry === undefined) {
    const given = node.entries[0]?.key;
    const hint = given === undefined ? {} : { hint: `write "${given}: {}" for a middleware without options` };
    return refuse('CONFIG_MISSING', `a middleware needs a type; accepted: ${names.join(', ')}`, node.offset, hint);
  }
  if (second !== undefined) {
    const given = entries.map(({ key }) => `"${key}"`).join(', ');
    return refuse('CONFIG_CONFLICT', `a middleware has exactly one type, this one has ${given}`, second.offset);
  }
  const lower = entry.key.toLowerCase();
  const type = names.find((name) => name.toLowerCase() === lower);
  if (type === undefined) {
    const known = knownTypes.find((name) => name.toLowerCase() === lower);
    const accepted = `accepted: ${names.join(', ')}`;
    if (known !== undefined) {
      const message = `the middleware type "${known}" is known, but not supported by this version yet; ${accepted}`;
      return refuse('CONFIG_UNSUPPORTED', message, entry.offset);
    }
    const hint = nearestKeyHint(entry.key, [...names, ...knownTypes]);
    return refuse('CONFIG_UNKNOWN_KEY', `no middleware type "${entry.key}"; ${accepted}`, entry.offset, hint);
  }
  return decodeOptions(types.get(type)!, entry, document, location, options);
}

function decodeOptions(
  { type, schema }: MiddlewareTypeSchema,
  entry: SourceEntry,
  document: SourceDocument,
  location: ObjectLocation,
  options: DecodeOptions,
): DecodedObject<MiddlewareConfiguration> {
  const inner = { ...location, pattern: [...location.pattern, type], shown: type };
  const shape = shapeOf(schema);
  const isOff = entry.node.kind === 'scalar' && shape.kind === 'object' && shape.mayBeEmpty;
  if (isOff && entry.node.kind === 'scalar' && entry.node.text.toLowerCase() !== 'true') {
    const context = new DecodeContext(document, options, location.object);
    context.report('error', 'CONFIG_VALUE', `"${type}" must be a section or true`, entry.offset);
    return { value: undefined, diagnostics: context.diagnostics };
  }
  const decoded = decodeObject(schema, entry.node, document, inner, options);
  if (decoded.value === undefined) return { value: undefined, diagnostics: decoded.diagnostics };
  const value = { type, options: decoded.value as Readonly<Record<string, unknown>> };
  return { value, diagnostics: decoded.diagnostics };
}
