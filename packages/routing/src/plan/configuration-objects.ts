// The objects of a configuration by qualified name, each with what has been made of it so far. An object is replaced as
// a whole, never changed, so what is kept beside it stays right until the object goes.

import type {
  HttpConfiguration,
  MiddlewareConfiguration,
  Protocol,
  RoutedConfiguration,
  RouterConfiguration,
  ServersTransportConfiguration,
  ServiceConfiguration,
  TcpConfiguration,
  TcpRouterConfiguration,
  TcpServersTransportConfiguration,
  TcpServiceConfiguration,
  UdpConfiguration,
  UdpRouterConfiguration,
  UdpServiceConfiguration,
} from '@sluice/config';
import type { RuleSyntaxError } from '../rule/rule-syntax-error.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { OrderedRouter } from './router-order.ts';
import type { RouterPlan, ServicePlan } from './snapshot-plan.ts';
import type { ServiceText, TcpRouterPlan, UdpRouterPlan } from './stream-plan.ts';

export type PlannedRouter = RouterPlan & OrderedRouter;

export interface RouterSource {
  readonly configuration: RouterConfiguration;
  rule: CompiledRule | RuleSyntaxError | undefined;
  /** As planned last, one for each entry point. */
  planned: readonly PlannedRouter[];
}

export interface ServiceSource {
  readonly configuration: ServiceConfiguration;
  /** To be dropped when the status row of a server changes. */
  plan: ServicePlan | undefined;
  /** In the plan being built; -1: cannot be used. */
  index: number;
}

export interface MiddlewareSource {
  readonly configuration: MiddlewareConfiguration;
  optionsJson: string | undefined;
}

export type PlannedTcpRouter = TcpRouterPlan & OrderedRouter;
export type PlannedUdpRouter = UdpRouterPlan & OrderedRouter;

export interface StreamRouterSource<Configuration = unknown, Planned = unknown> {
  readonly configuration: Configuration;
  rule: CompiledRule | RuleSyntaxError | undefined;
  /** As planned last, one for each entry point. */
  planned: readonly Planned[];
}

export interface StreamServiceSource<Configuration = TcpServiceConfiguration | UdpServiceConfiguration> {
  readonly configuration: Configuration;
  /** To be dropped when the status row of a server changes. */
  text: ServiceText | undefined;
  /** That `text` was made with. */
  transport: TcpServersTransportConfiguration | undefined;
}

export class ConfigurationObjects {
  readonly routers = new Map<string, RouterSource>();
  readonly services = new Map<string, ServiceSource>();
  readonly middlewares = new Map<string, MiddlewareSource>();
  readonly serversTransports = new Map<string, ServersTransportConfiguration>();

  readonly tcpRouters = new Map<string, StreamRouterSource<TcpRouterConfiguration, PlannedTcpRouter>>();
  readonly tcpServices = new Map<string, StreamServiceSource<TcpServiceConfiguration>>();
  readonly tcpMiddlewares = new Map<string, MiddlewareSource>();
  readonly tcpTransports = new Map<string, TcpServersTransportConfiguration>();
  readonly udpRouters = new Map<string, StreamRouterSource<UdpRouterConfiguration, PlannedUdpRouter>>();
  readonly udpServices = new Map<string, StreamServiceSource<UdpServiceConfiguration>>();

  /** Adds or replaces. */
  put({ http, tcp, udp }: RoutedConfiguration): void {
    this.putHttp(http);
    this.putTcp(tcp);
    this.putUdp(udp);
  }

  /** @param names by protocol and kind */
  remove(names: Readonly<Record<Protocol, Readonly<Record<string, readonly string[]>>>>): void {
    const { http, tcp, udp } = names;
    removeFrom(this.routers, http.routers);
    removeFrom(this.services, http.services);
    removeFrom(this.middlewares, http.middlewares);
    removeFrom(this.serversTransports, http.serversTransports);
    removeFrom(this.tcpRouters, tcp.routers);
    removeFrom(this.tcpServices, tcp.services);
    removeFrom(this.tcpMiddlewares, tcp.middlewares);
    removeFrom(this.tcpTransports, tcp.serversTransports);
    removeFrom(this.udpRouters, udp.routers);
    removeFrom(this.udpServices, udp.services);
  }

  /** A server of the service has another status row. */
  forgetRow({ protocol, service: name }: { readonly protocol: Protocol; readonly service: string }): void {
    if (protocol === 'http') {
      const service = this.services.get(name);
      if (service !== undefined) service.plan = undefined;
      return;
    }
    const service = (protocol === 'tcp' ? this.tcpServices : this.udpServices).get(name);
    if (service !== undefined) service.text = undefined;
  }

  private putTcp({ routers, services, middlewares, serversTransports }: TcpConfiguration): void {
    for (const [name, configuration] of Object.entries(routers)) {
      this.tcpRouters.set(name, { configuration, rule: undefined, planned: [] });
    }
    for (const [name, configuration] of Object.entries(services)) {
      this.tcpServices.set(name, { configuration, text: undefined, transport: undefined });
    }
    for (const [name, configuration] of Object.entries(middlewares)) {
      this.tcpMiddlewares.set(name, { configuration, optionsJson: undefined });
    }
    for (const [name, transport] of Object.entries(serversTransports)) this.tcpTransports.set(name, transport);
  }

  private putUdp({ routers, services }: UdpConfiguration): void {
    for (const [name, configuration] of Object.entries(routers)) {
      this.udpRouters.set(name, { configuration, rule: undefined, planned: [] });
    }
    for (const [name, configuration] of Object.entries(services)) {
      this.udpServices.set(name, { configuration, text: undefined, transport: undefined });
    }
  }

  private putHttp({ routers, services, middlewares, serversTransports }: HttpConfiguration): void {
    for (const name of Object.keys(routers)) {
      this.routers.set(name, { configuration: routers[name]!, rule: undefined, planned: [] });
    }
    for (const name of Object.keys(services)) {
      this.services.set(name, { configuration: services[name]!, plan: undefined, index: -1 });
    }
    for (const name of Object.keys(middlewares)) {
      this.middlewares.set(name, { configuration: middlewares[name]!, optionsJson: undefined });
    }
    for (const name of Object.keys(serversTransports)) this.serversTransports.set(name, serversTransports[name]!);
  }
}

function removeFrom(objects: Map<string, unknown>, names: readonly string[] = []): void {
  for (const name of names) objects.delete(name);
}
