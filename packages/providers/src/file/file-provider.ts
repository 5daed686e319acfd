// The file provider: one file, or all configuration files of a directory, looked at again whenever they change.
// Always delivers everything it has; refused objects and unreadable files keep their last good version.

import { resolve } from 'node:path';
import type { FileProviderConfiguration, MiddlewareTypes } from '@sluice/config';
import { ConfigurationError, type Diagnostic } from '@sluice/errors';
import { type DeclaredConfiguration, type DeclaredObjects, fromObjects } from './declared-objects.ts';
import { DocumentDecoder, type UnknownKeys } from './document-decoder.ts';
import { DOUBT_MS, FileScan, type ScanOutcome } from './file-scan.ts';
import { FileWatch } from './file-watch.ts';
import { formatOf } from './list-configuration-files.ts';
import { mergeFiles, type ObjectPosition, positionIn } from './merge-files.ts';
import { SettleTimer } from './settle-timer.ts';

const QUIET_MS = 50;
const POSTPONE_MAX_MS = 250;

/** The part of a logger that a provider uses; a pino logger fits. */
export interface ProviderLog {
  debug(message: string): void;
  warn(message: string): void;
}

/** The whole configuration of one provider; names are unqualified. */
export interface ProvidedConfiguration extends DeclaredConfiguration {
  /** Everything that is wrong at the moment, not only what is new. */
  readonly diagnostics: readonly Diagnostic[];
  /** Where the definition of an object that is used stands, by path (`http.routers.web`); certificates by `certificatePath`. */
  readonly positionOf: (path: string) => ObjectPosition | undefined;
}

export interface FileProviderOptions {
  /** `directory` wins over `filename`. */
  readonly configuration: FileProviderConfiguration;
  readonly middlewareTypes: MiddlewareTypes;
  readonly unknownKeys: UnknownKeys;
  readonly log: ProviderLog;
  /** Called once by `start` and then whenever something changed. */
  readonly onConfiguration: (provided: ProvidedConfiguration) => void;
}

export class FileProvider {
  static readonly providerName = 'file';
  private readonly options: FileProviderOptions;
  private readonly decoder: DocumentDecoder;
  private readonly scan: FileScan;
  private readonly watch: FileWatch | undefined;
  private readonly settle: SettleTimer;
  private secondLook: NodeJS.Timeout | undefined;
  private inForce: DeclaredObjects = new Map();
  private signature: string | undefined;
  /** Looks follow one another, never overlap; this one is the last asked for. */
  private running: Promise<void> = Promise.resolve();
  private queued: Promise<void> | undefined;
  private closed = false;

  /** @throws ConfigurationError when neither `filename` nor `directory` is given, or the file has a foreign extension. */
  constructor(options: FileProviderOptions) {
    this.options = options;
    const { watch } = options.configuration;
    const source = sourceOf(options.configuration);
    this.decoder = new DocumentDecoder(options);
    this.scan = new FileScan({ ...source, decoder: this.decoder });
    const path = (source.directory ?? source.filename)!;
    const onChange = () => this.settle.notify();
    this.settle = new SettleTimer({ quietMs: QUIET_MS, limitMs: POSTPONE_MAX_MS, act: () => void this.look() });
    this.watch = watch
      ? new FileWatch({ path, onChange, onTrouble: (reason) => this.watchTrouble(reason) })
      : undefined;
  }

  /** Resolves after the first delivery. Unreadable files are reported there and do not make it fail. */
  async start(): Promise<void> {
    // Watching first: what changes between the first look and the watch would be missed otherwise.
    await this.watch?.open();
    await this.reload();
  }

  /** Looks at everything now, also without `watch`, and delivers even if nothing changed. */
  async reload(): Promise<void> {
    this.signature = undefined;
    await this.look();
  }

  /** Nothing is delivered any more once it has been called. */
  async close(): Promise<void> {
    this.closed = true;
    this.settle.cancel();
    clearTimeout(this.secondLook);
    await this.watch?.close();
    await this.decoder.close();
    await this.running;
  }

  /** One look runs, at most one more waits and stands for all that ask meanwhile. */
  private look(): Promise<void> {
    if (this.queued !== undefined) return this.queued;
    const next = this.running.then(async () => {
      this.queued = undefined;
      if (!this.closed) await this.lookOnce();
    });
    this.queued = next;
    this.running = next;
    return next;
  }

  private async lookOnce(): Promise<void> {
    try {
      const outcome = await this.scan.look();
      if (!this.closed) this.conclude(outcome);
    } catch (error) {
      // Whatever it was, the next look must still take place.
      if (!this.closed) this.options.log.warn(`file provider: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }

  private conclude(outcome: ScanOutcome): void {
    clearTimeout(this.secondLook);
    if (outcome.doubtful) this.secondLook = setTimeout(() => void this.look(), DOUBT_MS);
    if (outcome.signature === this.signature) return;
    this.signature = outcome.signature;
    this.deliver(outcome);
  }

  private deliver(outcome: ScanOutcome): void {
    const merged = mergeFiles(outcome.records, this.inForce);
    this.inForce = merged.objects;
    this.options.log.debug(`file provider: ${merged.objects.size} objects from ${outcome.records.length} files`);
    this.options.onConfiguration({
      ...fromObjects(merged.objects),
      diagnostics: [...outcome.diagnostics, ...merged.diagnostics],
      positionOf: (path) => positionIn(outcome.records, path),
    });
  }

  private watchTrouble(reason: string): void {
    this.options.log.warn(`file provider: changes may go unnoticed (${reason}); SIGHUP reads the files again`);
  }
}

function sourceOf({ filename, directory }: FileProviderConfiguration): { filename?: string; directory?: string } {
  if (directory) return { directory: resolve(directory) };
  if (!filename) throw refusal('CONFIG_MISSING', 'the file provider needs "filename" or "directory"', 'providers.file');
  if (formatOf(filename) === undefined) {
    const message = `"${filename}" must end in .yaml, .yml or .toml`;
    throw refusal('CONFIG_VALUE', message, 'providers.file.filename');
  }
  return { filename: resolve(filename) };
}

function refusal(code: Diagnostic['code'], message: string, object: string): ConfigurationError {
  return new ConfigurationError([{ code, severity: 'error', message, object }]);
}
