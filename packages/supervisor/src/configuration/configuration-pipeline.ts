// From what providers deliver to a published snapshot: merge, check, give rows to servers, compile in a thread, start health
// checks, publish. One run at a time; of what arrives meanwhile the newest is taken. A run that fails changes nothing.

import { isDeepStrictEqual } from 'node:util';
import {
  type HttpConfiguration,
  INTERNAL_PROVIDER,
  type RoutedConfiguration,
  type StaticConfiguration,
} from '@sluice/config';
import { type CatalogueEntry, type Diagnostic, Errors } from '@sluice/errors';
import type { AnyTarget } from '@sluice/health';
import { closeDescriptor } from '@sluice/native';
import type { CompiledSnapshot, CompileRequest } from '@sluice/routing';
import type { Logger } from 'pino';
import { deferred } from '../deferred.ts';
import { CheckTargets } from './check-targets.ts';
import { type ClientTls, type DeclaredObjects, loadClientTls, type PipelineTls } from './configured-tls.ts';
import { DiagnosticsLog } from './diagnostics-log.ts';
import { LastGood } from './last-good.ts';
import { type MergedConfiguration, mergeProvided, type ProvidedObjects } from './merged-configuration.ts';
import { PasswordFiles } from './password-files.ts';
import type { Publisher } from './publisher.ts';
import { serversOf } from './servers-of.ts';
import type { StatusRows } from './status-rows.ts';

export type CompileResult = Pick<CompiledSnapshot, 'memory' | 'diagnostics' | 'counts'>;

export interface ConfigurationPipelineOptions {
  readonly configuration: StaticConfiguration;
  readonly rows: StatusRows;
  readonly publisher: Publisher;
  /** The result's descriptor is the pipeline's. */
  readonly compile: (request: CompileRequest) => Promise<CompileResult>;
  readonly applyHealthTargets: (targets: readonly AnyTarget[]) => void;
  /** Default: certificates are nobody's business. */
  readonly tls?: PipelineTls;
  /** Objects of the program itself; there before anything is delivered. Names are unqualified. */
  readonly internal?: HttpConfiguration;
  /** The configuration is about to be published. */
  readonly onPublishing?: (
    revision: number,
    http: HttpConfiguration,
    targets: readonly AnyTarget[],
    streams: Pick<RoutedConfiguration, 'tcp' | 'udp'>,
  ) => void;
  readonly log: Logger;
}

interface Delivery extends DeclaredObjects {
  readonly diagnostics: readonly Diagnostic[];
}

/** What decides whether anything has to be compiled. */
type Routed = RoutedConfiguration & Pick<MergedConfiguration, 'tls'>;

interface Build {
  readonly merged: MergedConfiguration;
  readonly rows: ReadonlyMap<string, number>;
  readonly compiled: CompileResult;
}

export class ConfigurationPipeline {
  private readonly options: ConfigurationPipelineOptions;
  private readonly diagnosticsLog: DiagnosticsLog;
  private readonly delivered = new Map<string, Delivery>();
  private running: Promise<void> = Promise.resolve();
  private isRunning = false;
  private dirty = false;
  private closed = false;
  /** What has been published last; undefined: publish whatever comes. */
  private inForce: Routed | undefined;
  private rows: ReadonlyMap<string, number> = new Map();
  private readonly lastGood = new LastGood();
  private compileDiagnostics: readonly Diagnostic[] = [];
  private routable = true;
  private clientTls: Partial<ClientTls> & Pick<ClientTls, 'diagnostics'> = { diagnostics: [] };
  private changed = deferred<void>();
  private readonly passwords: PasswordFiles;
  private readonly checkTargets: CheckTargets;

  constructor(options: ConfigurationPipelineOptions) {
    const { configuration, tls, log } = options;
    const { code, meaning } = Errors.CERTIFICATE_WATCH_FAILED;
    this.options = options;
    this.passwords = new PasswordFiles({
      onChange: () => this.refresh(),
      onWatchTrouble: (folder, reason) => log.warn({ code, folder, reason }, meaning),
    });
    this.checkTargets = new CheckTargets({
      configuration,
      loaded: () => tls?.loading.transportsInForce,
      passwords: this.passwords,
      log,
    });
    this.diagnosticsLog = new DiagnosticsLog(options.log);
  }

  /** The whole configuration of one provider, in place of its earlier one. */
  offer(provider: string, delivery: Delivery): void {
    this.delivered.set(provider, delivery);
    this.update();
  }

  /** Files that it names have changed. */
  refresh(): void {
    this.update();
  }

  /** Compiles what is there once more, under a new revision. */
  republish(): void {
    this.inForce = undefined;
    this.update();
  }

  /** Publishes what is there, if nothing has been published: then perhaps an empty configuration. */
  ensurePublished(): Promise<void> {
    if (this.options.publisher.current === undefined) this.update();
    return this.settled();
  }

  /** False when nothing can be routed and errors are the reason: serving this would answer 404 to everything. */
  get isUsable(): boolean {
    return this.routable;
  }

  /** Resolves after the next configuration has been published or refused, or at `close`. */
  nextChange(): Promise<void> {
    return this.changed.promise;
  }

  /** Resolves when everything that was offered has been published or refused. */
  settled(): Promise<void> {
    return this.running;
  }

  close(): void {
    this.closed = true;
    this.passwords.close();
    this.changed.resolve();
  }

  private update(): void {
    this.dirty = true;
    if (!this.isRunning) this.running = this.run();
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    while (this.dirty && !this.closed) {
      this.dirty = false;
      try {
        await this.buildAndPublish();
      } catch (error) {
        this.fail(Errors.SNAPSHOT_COMPILE_FAULT, { err: error });
      }
      this.changed.resolve();
      this.changed = deferred();
    }
    this.isRunning = false;
  }

  private async buildAndPublish(): Promise<void> {
    const { tls } = this.options;
    if (tls !== undefined)
      this.clientTls = await loadClientTls(tls.loading, this.delivered, this.options.configuration);
    const declared = this.merge();
    const servers = tls === undefined ? [] : await tls.loading.loadServers(declared);
    if (this.closed) return;
    const merged = { ...declared, diagnostics: [...declared.diagnostics, ...servers] };
    if (isDeepStrictEqual(routedOf(merged), this.inForce)) {
      this.report(merged.diagnostics, this.compileDiagnostics);
      this.refreshTls(merged);
      return;
    }
    const revision = this.options.publisher.takeRevision();
    let build = await this.build(merged, revision);
    if (build !== undefined && this.lastGood.learn(build.merged, build.compiled.diagnostics)) {
      closeDescriptor(build.compiled.memory.descriptor);
      const again = this.merge();
      build = await this.build({ ...again, diagnostics: [...again.diagnostics, ...servers] }, revision);
    }
    if (build === undefined) return;
    if (this.closed) closeDescriptor(build.compiled.memory.descriptor);
    else this.apply(build, revision);
  }

  /** Nothing has to be compiled; certificates may be others all the same, and those that health checks need. */
  private refreshTls(routed: RoutedConfiguration): void {
    const { tls, log } = this.options;
    const material = tls?.loading.material;
    const isPublished = material !== undefined && tls?.publisher.publishConfigured(material) === true;
    if (isPublished) tls?.applied();
    else log.debug('the configuration has not changed');
    this.options.applyHealthTargets(this.checkTargets.of(routed, this.rows));
  }

  private merge(): MergedConfiguration {
    const { internal, configuration } = this.options;
    const provided = new Map<string, ProvidedObjects>();
    for (const [provider, { http, tcp, udp }] of this.delivered) {
      provided.set(provider, { http, ...(tcp === undefined ? {} : { tcp }), ...(udp === undefined ? {} : { udp }) });
    }
    if (internal !== undefined) provided.set(INTERNAL_PROVIDER, { http: internal });
    const { options, diagnostics } = this.clientTls;
    const joined = mergeProvided(provided, configuration.entryPoints, this.lastGood, options);
    const merged = { ...joined, diagnostics: [...diagnostics, ...joined.diagnostics] };
    this.routable = hasRouters(merged) || !this.hasErrors(merged.diagnostics);
    return merged;
  }

  private async build(merged: MergedConfiguration, revision: number): Promise<Build | undefined> {
    const rows = this.assignRows(merged, revision);
    if (rows === undefined) return undefined;
    return { merged, rows, compiled: await this.options.compile({ revision, ...routedOf(merged), rows }) };
  }

  private apply({ merged, rows, compiled }: Build, revision: number): void {
    const { publisher, log } = this.options;
    const { http, tcp, udp } = merged;
    this.report(merged.diagnostics, compiled.diagnostics);
    this.replaceTls(compiled.memory.descriptor);
    this.rows = rows;
    // Before publishing: a server must have its health by the time a worker may pick it.
    const targets = this.checkTargets.of(merged, rows);
    this.options.applyHealthTargets(targets);
    this.options.onPublishing?.(revision, http, targets, { tcp, udp });
    publisher.publish({ revision, descriptor: compiled.memory.descriptor });
    log.info({ revision, ...compiled.counts }, 'configuration published');
    this.lastGood.published({ http, tcp, udp }, compiled.diagnostics);
    this.options.tls?.applied();
    this.inForce = routedOf(merged);
  }

  /** Goes to workers with the snapshot. When there is no memory for it, there is none for the snapshot. */
  private replaceTls(snapshotDescriptor: number): void {
    const { tls } = this.options;
    const material = tls?.loading.material;
    try {
      if (material !== undefined) tls?.publisher.replace(material);
    } catch (error) {
      closeDescriptor(snapshotDescriptor);
      throw error;
    }
  }

  /** @returns undefined, with a line in the log, when there are more servers than rows. */
  private assignRows(routed: RoutedConfiguration, revision: number): Map<string, number> | undefined {
    const rows = new Map<string, number>();
    for (const { key, service, url } of serversOf(routed)) {
      const row = this.options.rows.obtain(key, revision);
      if (row === undefined) {
        this.fail(Errors.STATUS_ROWS_EXHAUSTED, { service, url });
        return undefined;
      }
      rows.set(key, row);
    }
    return rows;
  }

  /** What providers and references say, and of the compiler only what they have not said already. */
  private report(references: readonly Diagnostic[], compile: readonly Diagnostic[]): void {
    this.compileDiagnostics = compile;
    const delivered = [...this.delivered.values()].flatMap(({ diagnostics }) => diagnostics);
    const said = new Set(references.map(({ object, code }) => `${code} ${object}`));
    const rest = compile.filter(({ object, code }) => !said.has(`${code} ${object}`));
    this.diagnosticsLog.report([...delivered, ...[...references, ...rest].map((each) => this.located(each))]);
  }

  /** What is found after decoding knows the object, not its place. */
  private located(diagnostic: Diagnostic): Diagnostic {
    const { object = '', file } = diagnostic;
    const at = object.lastIndexOf('@');
    if (file !== undefined) return diagnostic;
    // Those named `default` have no provider: there is one of them.
    if (at === -1) return { ...diagnostic, ...this.positionOfUnqualified(object) };
    return { ...diagnostic, ...this.delivered.get(object.slice(at + 1))?.positionOf?.(object.slice(0, at)) };
  }

  private positionOfUnqualified(path: string): Pick<Diagnostic, 'file' | 'line' | 'column'> | undefined {
    if (!path.startsWith('tls.')) return undefined;
    for (const { positionOf } of this.delivered.values()) {
      const position = positionOf?.(path);
      if (position !== undefined) return position;
    }
    return undefined;
  }

  private hasErrors(references: readonly Diagnostic[]): boolean {
    const delivered = [...this.delivered.values()].flatMap(({ diagnostics }) => diagnostics);
    return [...delivered, ...references].some(({ severity }) => severity === 'error');
  }

  private fail({ code, meaning }: CatalogueEntry, fields: object): void {
    this.options.log.error({ code, ...fields }, meaning);
  }
}

/** Those of the program itself serve nobody's traffic. */
function hasRouters({ http, tcp, udp }: RoutedConfiguration): boolean {
  const names = [http, tcp, udp].flatMap(({ routers }) => Object.keys(routers));
  return names.some((name) => !name.endsWith(`@${INTERNAL_PROVIDER}`));
}

function routedOf({ http, tcp, udp, tls }: MergedConfiguration): Routed {
  return { http, tcp, udp, tls };
}
