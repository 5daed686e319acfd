// Counts one exchange: takes its labels while the request's head is there, and adds to the rows of its entry point, router and
// service at its end. One per exchange object, reused. Allocates nothing unless header values are labels.

import { joinHeaderValues, type RequestSeries } from '@sluice/observability/metrics';
import { ProtocolLabel, protocolOf, requestLabels, withCode } from '@sluice/shared-state';
import { setForwardedFields } from '../http/forwarded-fields.ts';
import type { HttpExchange } from '../http/http-exchange.ts';
import { Phase } from '../http/phase.ts';
import { protocolOfRequest } from './request-protocol.ts';
import type { RouteMetrics, WorkerMetrics } from './worker-metrics.ts';

const NOT_OBSERVED = -1;
/** What a response of gRPC without a status means: UNKNOWN. */
const GRPC_UNKNOWN = 2;
const GRPC_CODE_MAX = 16;

export class ExchangeMetrics {
  private readonly exchange: HttpExchange;
  private readonly metrics: WorkerMetrics;
  private labels = NOT_OBSERVED;
  private headerValues: string | undefined = undefined;
  private route: RouteMetrics | undefined = undefined;
  private grpcCode = GRPC_UNKNOWN;

  constructor(exchange: HttpExchange, metrics: WorkerMetrics) {
    this.exchange = exchange;
    this.metrics = metrics;
  }

  /** The request goes to this route; undefined for a route that is not counted. */
  matched(route: RouteMetrics | undefined): void {
    if (route === undefined) return;
    this.observe();
    this.route = route;
  }

  /** No router takes the request. */
  unmatched(): void {
    if (this.exchange.downstream.entryPoint.metrics?.observesUnmatched === true) this.observe();
  }

  /** The final head of the response is there, as the client will get it. */
  answered(): void {
    if (this.labels === NOT_OBSERVED || protocolOf(this.labels) < ProtocolLabel.GRPC) return;
    const code = Number(this.exchange.response.get('grpc-status') ?? GRPC_UNKNOWN);
    this.grpcCode = Number.isInteger(code) && code >= 0 && code <= GRPC_CODE_MAX ? code : GRPC_UNKNOWN;
  }

  /** `isLate`: the exchange has let go of its revision, so others may have its rows by now. */
  ended(isLate: boolean): void {
    if (this.labels === NOT_OBSERVED) return;
    const { exchange, route } = this;
    const { facts, requestPipe, responsePipe, downstream, context } = exchange;
    const { now } = context.transport;
    const labels = this.labelsWith(facts.status);
    const seconds = (now - facts.startedAtMs) / 1000;
    // What was read only to be thrown away was not asked for by anybody.
    const requestBytes = exchange.phase === Phase.DISCARDING ? 0 : requestPipe.bytesMoved;
    const { bytesSent } = responsePipe;
    if (isLate) forgetRows(route);
    this.add(downstream.entryPoint.metrics?.requests, labels, seconds, requestBytes, bytesSent);
    this.add(route?.router, labels, seconds, requestBytes, bytesSent);
    const { tls } = downstream;
    if (tls !== undefined) this.addTls(tls.labels);
    if (facts.serverStartedAtMs !== 0) {
      const responseBytes = facts.serverAnswered ? responsePipe.bytesMoved : bytesSent;
      const ofServer = (now - facts.serverStartedAtMs) / 1000;
      this.add(route?.service, this.labelsWith(facts.serverStatus), ofServer, requestBytes, responseBytes);
    }
    this.labels = NOT_OBSERVED;
    this.route = undefined;
    this.headerValues = undefined;
  }

  private observe(): void {
    const { request } = this.exchange;
    this.labels = requestLabels(request.method, protocolOfRequest(request));
    this.grpcCode = GRPC_UNKNOWN;
    if (this.metrics.headers.length > 0) this.headerValues = this.readHeaders();
  }

  /** `Host` is none of them (observability.md section 2.1). */
  private readHeaders(): string {
    const { exchange, metrics } = this;
    if (metrics.showsForwardedFields) setForwardedFields(exchange);
    const values = metrics.headers.map((name) => (name === 'host' ? undefined : exchange.request.get(name)));
    return joinHeaderValues(values, metrics.textBytes);
  }

  private labelsWith(status: number): number {
    return withCode(this.labels, protocolOf(this.labels) < ProtocolLabel.GRPC ? status : this.grpcCode);
  }

  private addTls(labels: number): void {
    const { exchange, route } = this;
    exchange.downstream.entryPoint.metrics?.tls?.add(labels);
    route?.routerTls?.add(labels);
    if (exchange.facts.serverStartedAtMs !== 0) route?.serviceTls?.add(labels);
  }

  private add(
    series: RequestSeries | undefined,
    labels: number,
    seconds: number,
    requestBytes: number,
    responseBytes: number,
  ): void {
    series?.observe(labels, seconds, requestBytes, responseBytes, this.headerValues);
  }
}

function forgetRows(route: RouteMetrics | undefined): void {
  route?.router?.forgetRows();
  route?.service?.forgetRows();
  route?.routerTls?.forgetRows();
  route?.serviceTls?.forgetRows();
}
