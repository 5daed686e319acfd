// The services and transports of a snapshot, with server addresses taken apart.
// Chooses no server and opens no connection: workers read from these records what they need for that.

import {
  DEFAULT_TRANSPORT,
  qualifyName,
  type ServersTransportConfiguration,
  type ServiceConfiguration,
} from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { contentHash, textHash } from './canonical-json.ts';
import { serverKey } from './compilation-input.ts';
import type { ConfigurationObjects, ServiceSource } from './configuration-objects.ts';
import { providerOf } from './router-order.ts';
import { parseServerUrl } from './server-url.ts';
import type { ServerPlan, ServersTransportPlan, ServicePlan } from './snapshot-plan.ts';

export class ServiceTable {
  readonly plans: ServicePlan[] = [];
  readonly transports: ServersTransportPlan[] = [];
  readonly diagnostics: Diagnostic[] = [];
  private readonly objects: ConfigurationObjects;
  private readonly statusRow: (key: string) => number;
  private readonly transportIndices = new Map<string, number>();

  /** `statusRow`: row of a server by `serverKey`; throws when it has none. */
  constructor(
    objects: ConfigurationObjects,
    defaultTransport: ServersTransportConfiguration,
    statusRow: (key: string) => number,
  ) {
    this.objects = objects;
    this.statusRow = statusRow;
    this.addTransport(DEFAULT_TRANSPORT, defaultTransport);
    for (const [name, transport] of objects.serversTransports) this.addTransport(name, transport);
    for (const [name, source] of objects.services) source.index = this.addService(name, source);
  }

  /** Index of a service by its qualified name; -1 when there is none, or it cannot be used. */
  find(name: string): number {
    return this.objects.services.get(name)?.index ?? -1;
  }

  private addTransport(name: string, transport: ServersTransportConfiguration): void {
    const { dialTimeout, responseHeaderTimeout, idleConnTimeout, queueTimeout } = transport.forwardingTimeouts;
    const { readIdleTimeout = 0, pingTimeout = 0 } = transport.forwardingTimeouts;
    this.transportIndices.set(name, this.transports.length);
    this.transports.push({
      name,
      maxIdleConnsPerHost: transport.maxIdleConnsPerHost,
      maxConnsPerServer: transport.maxConnsPerServer,
      maxQueuedPerServer: transport.maxQueuedPerServer,
      dialTimeoutMs: dialTimeout,
      responseHeaderTimeoutMs: responseHeaderTimeout,
      idleConnTimeoutMs: idleConnTimeout,
      queueTimeoutMs: queueTimeout,
      readIdleTimeoutMs: readIdleTimeout,
      pingTimeoutMs: pingTimeout,
      disableHttp2: transport.disableHTTP2 === true,
      hash: contentHash({ name, transport }),
    });
  }

  private addService(name: string, source: ServiceSource): number {
    const transport = this.transportOf(name, source.configuration);
    if (transport === undefined) return -1;
    if (source.plan?.serversTransport !== transport) source.plan = this.plan(name, source.configuration, transport);
    return source.plan === undefined ? -1 : this.plans.push(source.plan) - 1;
  }

  private transportOf(name: string, { loadBalancer }: ServiceConfiguration): number | undefined {
    const written = loadBalancer.serversTransport;
    const transport = written === '' ? DEFAULT_TRANSPORT : qualifyName(providerOf(name), written);
    const index = this.transportIndices.get(transport);
    if (index === undefined)
      this.refuse(name, 'CONFIG_REFERENCE', `the servers transport "${transport}" does not exist`);
    return index;
  }

  private plan(name: string, { loadBalancer }: ServiceConfiguration, transport: number): ServicePlan | undefined {
    const servers: ServerPlan[] = [];
    for (const { url, weight, preservePath } of loadBalancer.servers) {
      if (parseServerUrl(url) === undefined) {
        this.refuse(
          name,
          'CONFIG_VALUE',
          `the server URL "${url.slice(0, 100)}" is not one such as http://host[:port][/path]`,
        );
        return undefined;
      }
      servers.push({ url, weight, preservePath, statusRow: this.statusRow(serverKey(name, url)) });
    }
    const { strategy, passHostHeader } = loadBalancer;
    const hash = textHash(serviceText(name, loadBalancer, servers, this.transports[transport]!.name));
    return { name, strategy, passHostHeader, serversTransport: transport, servers, hash };
  }

  private refuse(name: string, code: Diagnostic['code'], message: string): void {
    this.diagnostics.push({ code, severity: 'error', message, object: `http.services.${name}` });
  }
}

/** Everything that makes a picker what it is; names and URLs contain no line breaks. */
function serviceText(
  name: string,
  { strategy, passHostHeader }: ServiceConfiguration['loadBalancer'],
  servers: readonly ServerPlan[],
  transport: string,
): string {
  let text = `${name}\n${strategy}\n${passHostHeader}\n${transport}`;
  for (const { url, weight, preservePath, statusRow } of servers) {
    text += `\n${weight} ${preservePath} ${statusRow} ${url}`;
  }
  return text;
}
