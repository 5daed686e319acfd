// The static configuration from a file, flags or the environment: whichever is found first, never merged
// (static-config.md section 1). Reads the one file it decides on; nothing can go on without it, so errors are thrown.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigurationError, type Diagnostic } from '@sluice/errors';
import type { z } from 'zod';
import { decodeObject } from '../decode/decode-object.ts';
import type { StaticConfiguration } from '../model/static-configuration.ts';
import { type ConfigurationFormat, formatOfFile, parseSource } from '../source/parse-source.ts';
import { findEntry, type SourceDocument } from '../source/source-node.ts';
import { checkStatic } from './check-static.ts';
import { expandVariables, type FileSearch, findDefaultFile } from './find-file.ts';
import { type ParsedEnvironment, parseEnvironment } from './parse-environment.ts';
import { type ParsedFlags, parseFlags } from './parse-flags.ts';
import { findRemovedKeys } from './removed-keys.ts';
import { staticSchema } from './static-schema.ts';
import { unsupportedStaticKeys } from './unsupported-static.ts';

export interface StaticSources extends FileSearch {
  /** Command line without program and sub-command. */
  readonly arguments: readonly string[];
}

export type StaticSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'flags' | 'environment' | 'defaults' };

export interface LoadedStatic {
  readonly configuration: StaticConfiguration;
  readonly source: StaticSource;
  /** Warnings only. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * `--workers` and `--validation.unknownKeys` apply on top of every source. Other flags are ignored, with a warning, when a
 * file is found; so is the environment when there is a file or a flag.
 * @throws ConfigurationError with everything that is wrong
 */
export function loadStaticConfiguration(sources: StaticSources): LoadedStatic {
  const flags = parseFlags(sources.arguments);
  const environment = parseEnvironment(sources.environment);
  stopOnErrors(flags.diagnostics);
  const path = configurationFile(flags, sources);
  if (path !== undefined) {
    const document = readDocument(path);
    const ignored = [...ignoredFlags(flags, path), ...ignoredVariables(environment, path)];
    return decode(document, { kind: 'file', path }, flags, ignored);
  }
  if (flags.others.length > 0) {
    return decode(
      flags.all.toDocument('flags'),
      { kind: 'flags' },
      flags,
      ignoredVariables(environment, 'the command line'),
    );
  }
  const kind = environment.names.length > 0 ? 'environment' : 'defaults';
  return decode(environment.tree.toDocument('environment'), { kind }, flags, environment.diagnostics);
}

/**
 * The same from the text of one file, for tools that check it.
 * @throws ConfigurationError
 */
export function decodeStaticText(text: string | Uint8Array, format: ConfigurationFormat, file: string): LoadedStatic {
  const parsed = parseSource(text, format, file);
  if (parsed.document === undefined) throw new ConfigurationError([parsed.diagnostic]);
  return decode(parsed.document, { kind: 'file', path: file }, parseFlags([]), []);
}

function configurationFile(flags: ParsedFlags, sources: StaticSources): string | undefined {
  if (flags.configFile === undefined) return findDefaultFile(sources);
  return resolve(sources.workingDirectory, expandVariables(flags.configFile, sources.environment));
}

function readDocument(path: string): SourceDocument {
  const format = formatOfFile(path);
  if (format === undefined)
    fail('CONFIG_FILE', 'the name of a configuration file ends in .toml, .yaml, .yml or .json', path);
  const parsed = parseSource(readBytes(path), format, path);
  if (parsed.document === undefined) throw new ConfigurationError([parsed.diagnostic]);
  const { root } = parsed.document;
  const isEmpty = root.kind === 'null' || (root.kind === 'map' && root.entries.length === 0);
  if (isEmpty) fail('CONFIG_MISSING', 'the configuration file is empty', path);
  return parsed.document;
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it does not exist' : (error as Error).message;
    return fail('CONFIG_FILE', `the configuration file cannot be read: ${reason}`, path);
  }
}

function decode(
  document: SourceDocument,
  source: StaticSource,
  flags: ParsedFlags,
  before: readonly Diagnostic[],
): LoadedStatic {
  const own = source.kind === 'flags' ? undefined : flags.own.toDocument('flags');
  const unknownKeys = unknownKeysMode(own) ?? unknownKeysMode(document) ?? 'error';
  const removed = findRemovedKeys(document);
  const main = decodeRoot(document, unknownKeys);
  const overlay = own === undefined ? undefined : decodeRoot(own, unknownKeys);
  const found = [...before, ...removed, ...main.diagnostics, ...(overlay?.diagnostics ?? [])];
  stopOnErrors(found);
  if (main.value === undefined) return fail('CONFIG_VALUE', 'the configuration cannot be used', document.name);
  const checked = checkStatic(withOwnFlags(main.value, own, overlay?.value), document);
  const diagnostics = [...found, ...checked.diagnostics];
  stopOnErrors(diagnostics);
  return { configuration: checked.configuration, source, diagnostics };
}

function decodeRoot(document: SourceDocument, unknownKeys: 'error' | 'warn') {
  const location = { object: undefined, pattern: [] };
  const options = { unknownKeys, unsupportedKeys: unsupportedStaticKeys };
  return decodeObject<StaticConfiguration>(
    staticSchema as z.ZodType<StaticConfiguration>,
    document.root,
    document,
    location,
    options,
  );
}

function unknownKeysMode(document: SourceDocument | undefined): 'error' | 'warn' | undefined {
  const section = document && findEntry(document.root, 'validation')?.node;
  const value = section && findEntry(section, 'unknownKeys')?.node;
  if (value?.kind !== 'scalar') return undefined;
  return value.text === 'warn' ? 'warn' : 'error';
}

function withOwnFlags(
  configuration: StaticConfiguration,
  given: SourceDocument | undefined,
  flags: StaticConfiguration | undefined,
): StaticConfiguration {
  if (given === undefined || flags === undefined) return configuration;
  const hasWorkers = findEntry(given.root, 'workers') !== undefined;
  const hasValidation = findEntry(given.root, 'validation') !== undefined;
  return {
    ...configuration,
    workers: hasWorkers ? flags.workers : configuration.workers,
    validation: hasValidation ? flags.validation : configuration.validation,
  };
}

function ignoredFlags(flags: ParsedFlags, path: string): Diagnostic[] {
  if (flags.others.length === 0) return [];
  const message = `${flags.others.join(', ')}: ignored, because the configuration is in ${path}; only --workers and --validation.unknownKeys can be combined with a file`;
  return [{ code: 'CONFIG_CONFLICT', severity: 'warning', message, file: 'flags' }];
}

function ignoredVariables(environment: ParsedEnvironment, winner: string): Diagnostic[] {
  if (environment.names.length === 0) return [];
  const message = `${environment.names.join(', ')}: ignored, because the configuration is in ${winner}`;
  return [{ code: 'CONFIG_CONFLICT', severity: 'warning', message, file: 'environment' }];
}

function stopOnErrors(diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.some(({ severity }) => severity === 'error')) throw new ConfigurationError(diagnostics);
}

function fail(code: Diagnostic['code'], message: string, file: string): never {
  throw new ConfigurationError([{ code, severity: 'error', message, file }]);
}
