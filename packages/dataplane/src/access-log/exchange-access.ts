// What the access log wants to know of one exchange and what is gone by its end: precise times, the request as it arrived,
// header fields where they are wanted. One per exchange object, reused; fills the log's record and has the line written.
// Allocates nothing unless header fields are logged.

import { type AccessLog, type AccessRecord, type FieldCaptures, ServerText } from '@sluice/observability/access-log';
import { Field } from '@sluice/protocols';
import type { HttpExchange } from '../http/http-exchange.ts';
import { Phase } from '../http/phase.ts';
import type { Route } from '../worker/route.ts';
import type { ServerRuntime } from '../worker/service-runtime.ts';

export class ExchangeAccess {
  private readonly exchange: HttpExchange;
  private readonly log: AccessLog;
  private readonly captures: FieldCaptures;
  /** Monotonic milliseconds with a fraction. */
  private startedAtMs = 0;
  private serverStartedAtMs = 0;
  /** The last one tried; the exchange itself lets go of it when it fails. */
  private server: ServerRuntime | undefined = undefined;
  private host = '';
  private path = '';
  private query: string | undefined = undefined;
  private forwardedFor = '';

  constructor(exchange: HttpExchange, log: AccessLog) {
    this.exchange = exchange;
    this.log = log;
    this.captures = log.captures();
  }

  /** The request's head has been read. */
  begin(): void {
    this.startedAtMs = performance.now();
    this.serverStartedAtMs = 0;
    this.server = undefined;
    this.forwardedFor = '';
    this.captures.request?.reset();
    this.captures.origin?.reset();
    this.captures.downstream?.reset();
    this.noteTarget();
  }

  /** The entry point's rules have been applied: what middlewares make of the request later does not count. */
  arrived(): void {
    const { request } = this.exchange;
    this.noteTarget();
    if (request.hasReceived(Field.X_FORWARDED_FOR)) this.forwardedFor = request.getAll('x-forwarded-for').join(', ');
  }

  /** Before the request is made ready for that server. */
  toServer(server: ServerRuntime): void {
    this.serverStartedAtMs = performance.now();
    this.server = server;
    this.takeRequestFields();
  }

  /** The server's response is there, and no middleware has changed it. */
  originHead(): void {
    if (this.captures.origin !== undefined && this.isLogged) this.captures.origin.take(this.exchange.response);
  }

  /** The head of the response has been sent to the client. */
  downstreamHead(): void {
    // An answer of our own: the request may not have got far, and its head may be gone before the end.
    this.takeRequestFields();
    if (this.captures.downstream !== undefined && this.isLogged) this.captures.downstream.take(this.exchange.response);
  }

  /** The exchange is over; its pipes still know what they have moved. */
  ended(): void {
    if (!this.isLogged) return;
    // Neither given to a server nor answered: the head is still in its batch, or retained.
    this.takeRequestFields();
    const { exchange, captures } = this;
    const { downstream, request, route, facts } = exchange;
    const { record } = this.log;
    record.startedAtMs = this.startedAtMs;
    record.endedAtMs = performance.now();
    record.originStartedAtMs = this.serverStartedAtMs;
    record.entryPoint = downstream.entryPoint.accessText;
    record.router = route?.accessText;
    record.server = this.server === undefined ? undefined : serverText(this.server, route);
    record.client = downstream.peer.accessText;
    record.forwardedFor = this.forwardedFor;
    record.host = this.host;
    record.method = request.method;
    record.path = this.path;
    record.query = this.query;
    record.protocol = protocolText(exchange);
    record.secure = exchange.secure;
    record.tls = downstream.tls;
    record.originStatus = facts.serverStatus;
    record.status = facts.status;
    record.requestFields = captures.request;
    record.originFields = captures.origin;
    record.downstreamFields = captures.downstream;
    this.fillSizes(record);
    this.log.write();
  }

  private get isLogged(): boolean {
    const { route, downstream } = this.exchange;
    if (route === undefined) return downstream.entryPoint.configuration.observability.accessLogs;
    return route.isLogged && (!route.isInternal || this.log.withInternals);
  }

  private fillSizes(record: AccessRecord): void {
    const { phase, facts, requestPipe, responsePipe } = this.exchange;
    // What was read only to be thrown away was not asked for by anybody.
    record.requestBytes = phase === Phase.DISCARDING ? 0 : requestPipe.bytesMoved;
    record.bytes = responsePipe.bytesSent;
    // Our own answer stands for that of a server that was tried and gave none.
    if (facts.serverAnswered) record.originBytes = responsePipe.bytesMoved;
    else record.originBytes = facts.serverStatus === 0 ? 0 : responsePipe.bytesSent;
  }

  private noteTarget(): void {
    const { request } = this.exchange;
    this.host = request.host;
    this.path = request.path;
    this.query = request.query;
  }

  private takeRequestFields(): void {
    const { request } = this.captures;
    if (request !== undefined && !request.taken && this.isLogged) request.take(this.exchange.request);
  }
}

/** Of the client; only HTTP/2 frames its bodies. */
function protocolText({ downstream, request }: HttpExchange): string {
  if (downstream.framed) return 'HTTP/2.0';
  return request.minorVersion === 0 ? 'HTTP/1.0' : 'HTTP/1.1';
}

function serverText(server: ServerRuntime, route: Route | undefined): ServerText {
  server.accessText ??= new ServerText(route?.service.name ?? '', server.record.url, server.record.authority);
  return server.accessText;
}
