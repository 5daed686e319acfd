// Text or bytes of one configuration file → source document, or the one diagnostic that refuses it. Never throws.

import type { Diagnostic } from '@sluice/errors';
import { LineIndex } from './line-index.ts';
import { DOCUMENT_MAX_CHARACTERS, SourceSyntaxError } from './source-limits.ts';
import type { SourceDocument, SourceNode } from './source-node.ts';
import { readToml } from './toml-source.ts';
import { readYaml } from './yaml-source.ts';

/** `json` is read by the YAML parser, as in the reference (static-config.md 1.2). */
export type ConfigurationFormat = 'yaml' | 'toml' | 'json';

export type ParsedSource =
  | { readonly document: SourceDocument; readonly diagnostic?: undefined }
  | { readonly document?: undefined; readonly diagnostic: Diagnostic };

/**
 * @param text file content; bytes must be UTF-8
 * @param name file path for diagnostics
 */
export function parseSource(text: string | Uint8Array, format: ConfigurationFormat, name: string): ParsedSource {
  if (text.length > DOCUMENT_MAX_CHARACTERS) {
    return refuse(name, `larger than ${DOCUMENT_MAX_CHARACTERS} characters; split it into several files`);
  }
  const content = decodeText(text);
  if (content === undefined) return refuse(name, 'not valid UTF-8 text');
  const lines = new LineIndex(content);
  try {
    const root: SourceNode = format === 'toml' ? readToml(content) : readYaml(content);
    return { document: { root, name, stringly: false, position: (offset) => lines.position(offset) } };
  } catch (error) {
    if (error instanceof SourceSyntaxError) return refuse(name, error.message, lines, error.offset);
    if (error instanceof RangeError) return refuse(name, 'too deeply nested to be parsed');
    return refuse(name, error instanceof Error ? error.message : 'cannot be parsed');
  }
}

function decodeText(text: string | Uint8Array): string | undefined {
  if (typeof text === 'string') return text.startsWith('\uFEFF') ? text.slice(1) : text;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(text);
  } catch {
    return undefined;
  }
}

function refuse(file: string, message: string, lines?: LineIndex, offset = -1): ParsedSource {
  return { diagnostic: { code: 'CONFIG_SYNTAX', severity: 'error', message, file, ...lines?.position(offset) } };
}

/** By file name extension; undefined when it is none of `.yaml`, `.yml`, `.toml`, `.json`. Case is ignored. */
export function formatOfFile(path: string): ConfigurationFormat | undefined {
  const extension = /\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase();
  if (extension === 'yaml' || extension === 'yml') return 'yaml';
  if (extension === 'toml' || extension === 'json') return extension;
  return undefined;
}
