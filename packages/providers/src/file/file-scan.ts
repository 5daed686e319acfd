// One look at the files of the provider: lists, reads, decodes what changed, and believes a disappearance only when it lasts.
// Owns the records of the files; does not know who watches or who listens.

import { sep } from 'node:path';
import { type DecodedDynamic, PROTOCOLS } from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { fromObjects } from './declared-objects.ts';
import type { DocumentDecoder } from './document-decoder.ts';
import { FileRecord, withHint } from './file-record.ts';

import { formatOf, listConfigurationFiles } from './list-configuration-files.ts';
import { readDocument } from './read-document.ts';
import { firstTemplateAction } from './template-actions.ts';

/**
 * How long a file must stay away or empty before its objects go, in milliseconds. Tools that save by removing and writing
 * anew, or by truncating first, leave such a gap.
 */
export const DOUBT_MS = 200;

export interface FileScanOptions {
  readonly filename?: string;
  readonly directory?: string;
  readonly decoder: Pick<DocumentDecoder, 'decode'>;
  /** Bytes; default 64 MiB. */
  readonly documentMaxBytes?: number;
}

export interface ScanOutcome {
  /** In the order in which definitions win. */
  readonly records: readonly FileRecord[];
  /** Of directories; those of files are in the records. */
  readonly diagnostics: readonly Diagnostic[];
  /** Differs from the last outcome's when anything an operator could see differs. */
  readonly signature: string;
  /** A file seems gone or emptied: look again after `DOUBT_MS`. */
  readonly doubtful: boolean;
}

export class FileScan {
  private readonly options: FileScanOptions;
  private records = new Map<string, FileRecord>();

  constructor(options: FileScanOptions) {
    this.options = options;
  }

  async look(): Promise<ScanOutcome> {
    const { files, diagnostics, keptUnder } = await this.list();
    const next = new Map<string, FileRecord>();
    const listed = new Set(files);
    for (const path of files) {
      const record = this.records.get(path) ?? new FileRecord(path);
      if (await this.refresh(record)) next.set(path, record);
    }
    for (const [path, record] of this.records) {
      if (listed.has(path)) continue;
      const kept = keptUnder.some((directory) => path.startsWith(directory + sep));
      if (kept || !lasts(record)) next.set(path, record);
    }
    this.records = next;
    return this.outcome(diagnostics);
  }

  private outcome(diagnostics: readonly Diagnostic[]): ScanOutcome {
    const records = [...this.records.values()].sort((a, b) => comparePaths(a.path, b.path));
    const seen = records.map(({ path, hash, problem }) => [path, hash, problem?.message]);
    return {
      records,
      diagnostics,
      signature: JSON.stringify([seen, diagnostics.map(({ message }) => message)]),
      doubtful: records.some((record) => record.doubtedSince !== undefined),
    };
  }

  private async list(): Promise<{ files: readonly string[]; diagnostics: Diagnostic[]; keptUnder: readonly string[] }> {
    const { directory, filename } = this.options;
    if (directory === undefined) return { files: [filename!], diagnostics: [], keptUnder: [] };
    const { files, unreadable } = await listConfigurationFiles(directory);
    // A sub-directory that vanished during the walk will be missing from the next one; the root never counts as empty.
    const telling = unreadable.filter(({ path, reason }) => path === directory || reason !== 'ENOENT');
    return {
      files,
      diagnostics: telling.map(({ path, reason }) =>
        unusable(path, `the directory cannot be read: ${reason}; what its files declared stays in use`),
      ),
      keptUnder: telling.map(({ path }) => path),
    };
  }

  /** @returns false when the file is gone for good. */
  private async refresh(record: FileRecord): Promise<boolean> {
    const read = await readDocument(record.path, this.options.documentMaxBytes);
    record.problem = undefined;
    if (read.kind === 'missing') return this.missing(record);
    if (read.kind === 'unreadable') {
      record.doubtedSince = undefined;
      record.problem = unusable(record.path, `the file cannot be read: ${read.reason}`, record);
      return true;
    }
    if (read.hash === record.hash) {
      record.doubtedSince = undefined;
      return true;
    }
    if (read.text.trim() === '' && record.objects.size > 0 && !lasts(record)) return true;
    record.doubtedSince = undefined;
    await this.decode(record, read.text, read.hash);
    return true;
  }

  private missing(record: FileRecord): boolean {
    if (this.options.directory === undefined) {
      record.problem = unusable(record.path, 'the file does not exist', record);
      return true;
    }
    // In a directory only a dangling link can be listed and missing at once, or a file that has just been removed.
    if (record.hash === undefined) {
      record.problem = unusable(record.path, 'the file cannot be read: it is a link to nothing');
      return true;
    }
    return !lasts(record);
  }

  private async decode(record: FileRecord, text: string, hash: string): Promise<void> {
    const format = formatOf(record.path)!;
    const decoded = await this.options.decoder
      .decode({ text, format, file: record.path })
      .catch(undecodable(record.path));
    const line = firstTemplateAction(text);
    const diagnostics =
      line === undefined ? decoded.diagnostics : [...decoded.diagnostics, template(record.path, line)];
    record.accept(hash, { ...decoded, diagnostics });
  }
}

/** A fault of the decoder or its thread concerns one file; the others must not wait for it to be found. */
function undecodable(file: string): (error: unknown) => DecodedDynamic {
  return (error) => ({
    ...fromObjects(new Map()),
    refused: [...PROTOCOLS, 'tls'],
    diagnostics: [
      unusable(file, `the file cannot be decoded: ${error instanceof Error ? error.message : String(error)}`),
    ],
  });
}

/** Starts or continues to doubt; true once the doubt has lasted. */
function lasts(record: FileRecord): boolean {
  const now = performance.now();
  record.doubtedSince ??= now;
  return now - record.doubtedSince >= DOUBT_MS;
}

function unusable(file: string, message: string, record?: FileRecord): Diagnostic {
  const diagnostic: Diagnostic = { code: 'CONFIG_FILE', severity: 'error', message, file };
  return record !== undefined && record.objects.size > 0
    ? withHint(diagnostic, 'what it declared before stays in use')
    : diagnostic;
}

function template(file: string, line: number): Diagnostic {
  const message = 'template actions ("{{ … }}") are not evaluated; the text is taken as it stands';
  return { code: 'CONFIG_UNSUPPORTED', severity: 'warning', message, file, line };
}

/** Lexical order by path segment, as the walk visits them. */
function comparePaths(a: string, b: string): number {
  const left = a.split(sep);
  const right = b.split(sep);
  for (let at = 0; at < left.length && at < right.length; at++) {
    if (left[at] !== right[at]) return left[at]! < right[at]! ? -1 : 1;
  }
  return left.length - right.length;
}
