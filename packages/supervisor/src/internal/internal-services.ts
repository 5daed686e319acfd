// The services of the program itself (`…@internal`): what answers them, and the server on which workers reach them. Nothing is
// started, and no server loaded, when the static configuration switches none on.

import {
  AdminServer,
  type InternalService,
  type MetricsPage,
  MetricsService,
  NoopService,
  PingService,
} from '@sluice/admin';
import { hasRedirections, NOOP_SERVICE, type StaticConfiguration } from '@sluice/config';
import { Errors } from '@sluice/errors';
import type { Logger } from 'pino';
import { StartError } from '../start-error.ts';

export interface InternalServicesOptions {
  readonly configuration: StaticConfiguration;
  /** Of the Unix socket. */
  readonly path: string;
  /** Undefined when nothing is counted. */
  readonly metricsPage: MetricsPage | undefined;
  readonly log: Logger;
}

export class InternalServices {
  private readonly options: InternalServicesOptions;
  private readonly services = new Map<string, InternalService>();
  private readonly ping: PingService | undefined;
  private server: AdminServer | undefined;

  constructor(options: InternalServicesOptions) {
    const { configuration, metricsPage } = options;
    this.options = options;
    if (configuration.ping !== undefined) {
      this.ping = new PingService(configuration.ping.terminatingStatusCode);
      this.services.set('ping', this.ping);
    }
    if (metricsPage !== undefined) this.services.set('prometheus', new MetricsService(metricsPage));
    if (hasRedirections(configuration.entryPoints)) this.services.set(NOOP_SERVICE, new NoopService());
  }

  /** To be called by the one supervisor of the runtime directory. @throws StartError */
  async start(): Promise<void> {
    if (this.services.size === 0) return;
    const { path, log } = this.options;
    const { code, meaning } = Errors.INTERNAL_FAULT;
    try {
      this.server = await AdminServer.start({
        path,
        services: this.services,
        onFault: (service, error) => log.error({ code, service: `${service}@internal`, err: error }, meaning),
      });
    } catch (error) {
      throw new StartError(
        `the services of the program itself cannot be served: ${(error as Error).message}`,
        undefined,
        error,
      );
    }
  }

  /** The process has been told to stop: whoever asks learns it at once. */
  terminate(): void {
    this.ping?.terminate();
  }

  /** Again: nothing happens. */
  close(): void {
    this.server?.close();
    this.server = undefined;
  }
}
