// Everything a configuration consists of, read once and decoded as at run time: the static part, and the files that its file
// provider (or the command line) names. Starts nothing, watches nothing.

import { resolve } from 'node:path';
import {
  ALL_INTERNAL_SERVICES,
  type DecodedDynamic,
  decodeDynamic,
  formatOfFile,
  INTERNAL_PROVIDER,
  internalObjects,
  type LoadedStatic,
  loadStaticConfiguration,
  qualifyNames,
  qualifyRouted,
  type RoutedConfiguration,
  type TlsConfiguration,
  type TlsReferenceReport,
} from '@sluice/config';
import { ConfigurationError, type Diagnostic } from '@sluice/errors';
import { middlewareTypes } from '@sluice/middlewares';
import {
  FileProvider,
  firstTemplateAction,
  listConfigurationFiles,
  mergeDecoded,
  readDocument,
} from '@sluice/providers';
import { checkCertificates } from './check-certificates.ts';
import { checkPasswordFiles } from './check-password-files.ts';

export interface ProjectSources {
  /** Flags of the static configuration, such as `--configFile=…`; undefined: no static configuration is wanted. */
  readonly staticArguments: readonly string[] | undefined;
  /** Dynamic configuration files; when empty, those of the file provider. */
  readonly files: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
}

/** Objects that are valid in themselves, under qualified names; protocols that are absent have none. */
export interface Project extends Partial<RoutedConfiguration> {
  /** Undefined when none was asked for, or it is not valid. */
  readonly static: LoadedStatic | undefined;
  /** Absolute paths, in the order in which definitions win. */
  readonly files: readonly string[];
  readonly http: RoutedConfiguration['http'];
  /** Under the names they are declared with; undefined: nothing is said of TLS. */
  readonly tls?: TlsConfiguration;
  /** Who names TLS options that cannot be used; undefined: nobody does. */
  readonly unusableTls?: TlsReferenceReport['unusable'];
  readonly diagnostics: readonly Diagnostic[];
  /** Where objects stand, by qualified object path (`http.routers.web@file`). */
  readonly positions: ReadonlyMap<string, ObjectPosition>;
}

export type ObjectPosition = Pick<Diagnostic, 'file' | 'line' | 'column'>;

const PROVIDER = FileProvider.providerName;

export async function loadProject(sources: ProjectSources): Promise<Project> {
  return await new ProjectLoader(sources).load();
}

class ProjectLoader {
  readonly #sources: ProjectSources;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #positions = new Map<string, ObjectPosition>();
  readonly #decoded = new Map<string, DecodedDynamic>();
  #static: LoadedStatic | undefined;

  constructor(sources: ProjectSources) {
    this.#sources = sources;
  }

  async load(): Promise<Project> {
    this.#loadStatic();
    const files = await this.#findFiles();
    for (const file of files) await this.#readFile(file);
    const merged = mergeDecoded(this.#decoded);
    this.#diagnostics.push(...merged.diagnostics);
    const { http, tcp, udp } = this.#allObjects(merged);
    const certificates = await checkCertificates({
      http,
      tcp,
      tls: merged.tls,
      provider: PROVIDER,
      configuration: this.#static?.configuration,
      workingDirectory: this.#sources.workingDirectory,
      positionOf: merged.positionOf,
    });
    this.#diagnostics.push(...certificates.diagnostics);
    for (const found of checkPasswordFiles(tcp, this.#sources.workingDirectory)) {
      this.#diagnostics.push({ ...found, ...this.#positions.get(found.object!) });
    }
    return {
      static: this.#static,
      files,
      ...{ http, tcp, udp },
      tls: merged.tls,
      unusableTls: certificates.unusable,
      diagnostics: this.#diagnostics,
      positions: this.#positions,
    };
  }

  /** With those of the program itself; where its services are reached is known only when it runs. */
  #allObjects(declared: RoutedConfiguration): RoutedConfiguration {
    const { http: own, tcp, udp } = qualifyRouted(PROVIDER, declared);
    const switches = this.#static?.configuration ?? ALL_INTERNAL_SERVICES;
    const internal = qualifyNames(INTERNAL_PROVIDER, internalObjects(switches, ''));
    const http = {
      ...own,
      routers: { ...own.routers, ...internal.routers },
      services: { ...own.services, ...internal.services },
      middlewares: { ...own.middlewares, ...internal.middlewares },
    };
    return { http, tcp, udp };
  }

  #loadStatic(): void {
    const { staticArguments, environment, workingDirectory } = this.#sources;
    if (staticArguments === undefined) return;
    try {
      this.#static = loadStaticConfiguration({ arguments: staticArguments, environment, workingDirectory });
      this.#diagnostics.push(...this.#static.diagnostics);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      this.#diagnostics.push(...error.diagnostics);
    }
  }

  async #findFiles(): Promise<string[]> {
    const { files, workingDirectory } = this.#sources;
    if (files.length > 0) return files.map((file) => resolve(workingDirectory, file));
    const provider = this.#static?.configuration.providers.file;
    if (provider?.directory === undefined) {
      return provider?.filename === undefined ? [] : [resolve(workingDirectory, provider.filename)];
    }
    const found = await listConfigurationFiles(resolve(workingDirectory, provider.directory));
    for (const { path, reason } of found.unreadable) this.#report(path, `the directory cannot be read: ${reason}`);
    return [...found.files];
  }

  async #readFile(file: string): Promise<void> {
    const format = formatOfFile(file);
    if (format === undefined)
      return this.#report(file, 'the name of a configuration file ends in .yaml, .yml, .toml or .json');
    const read = await readDocument(file);
    if (read.kind === 'missing') return this.#report(file, 'the file does not exist');
    if (read.kind === 'unreadable') return this.#report(file, `the file cannot be read: ${read.reason}`);
    const line = firstTemplateAction(read.text);
    if (line !== undefined) this.#reportTemplate(file, line);
    const unknownKeys = this.#static?.configuration.validation.unknownKeys ?? 'error';
    const decoded = decodeDynamic({ text: read.text, format, file, middlewareTypes, unknownKeys, positions: true });
    this.#decoded.set(file, decoded);
    for (const [path, position] of decoded.positions ?? []) this.#remember(path, { file, ...position });
  }

  #remember(path: string, position: ObjectPosition): void {
    const qualified = `${path}@${PROVIDER}`;
    if (!this.#positions.has(qualified)) this.#positions.set(qualified, position);
  }

  #reportTemplate(file: string, line: number): void {
    const message = 'template actions ("{{ … }}") are not evaluated; the text is taken as it stands';
    this.#diagnostics.push({ code: 'CONFIG_UNSUPPORTED', severity: 'warning', message, file, line });
  }

  #report(file: string, message: string): void {
    this.#diagnostics.push({ code: 'CONFIG_FILE', severity: 'error', message, file });
  }
}
