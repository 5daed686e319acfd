// One request and its response: takes the request through entry-point rules, matching, middlewares and the service, and
// the response back. Owns no connection and reads no bytes itself. Reused; allocates nothing for a plain proxied exchange.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import type { Answer, BodyTransform, Exchange } from '@sluice/middlewares/behaviours';
import { BodyKind, type HeaderTable, RequestHead, ResponseHead } from '@sluice/protocols';
import { ExchangeAccess } from '../access-log/exchange-access.ts';
import { ExchangeMetrics } from '../metrics/exchange-metrics.ts';
import type { Revision } from '../worker/revision.ts';
import type { Route } from '../worker/route.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { BodyPipe, PipeState } from './body-pipe.ts';
import type { Downstream } from './downstream.ts';
import { ExchangeFacts } from './exchange-facts.ts';
import { logExchangeError } from './exchange-log.ts';
import { ExchangeView } from './exchange-view.ts';
import { setForwardedFields } from './forwarded-fields.ts';
import { Framing } from './framing.ts';
import { becomeGrpcAnswer, hidesFailure, isGrpcCall } from './grpc-answer.ts';
import { MiddlewareChain } from './middleware-chain.ts';
import { misdirected } from './misdirected.ts';
import { Phase } from './phase.ts';
import { answerFor, composeAnswer } from './proxy-answer.ts';
import { applyEntryPointRules, refusesEncodedCharacters } from './request-rules.ts';
import { sourceKind } from './source-kind.ts';
import { Tunnel } from './tunnel.ts';
import { UpstreamSide } from './upstream-side.ts';

const NO_BYTES = Buffer.alloc(0);
/** An unread request body up to this long is read and thrown away after our own answer, to keep the connection. */
const DISCARD_BYTES_MAX = 64 * 1024;
/** A larger head's room is not kept for the next exchange. */
const RETAINED_BYTES_MAX = 16 * 1024;

export class HttpExchange implements Exchange {
  readonly context: WorkerContext;
  readonly request = new RequestHead(NO_BYTES);
  readonly response = new ResponseHead(NO_BYTES);
  readonly view: ExchangeView;
  readonly upstream: UpstreamSide;
  readonly requestPipe: BodyPipe;
  readonly responsePipe: BodyPipe;
  readonly facts = new ExchangeFacts();
  readonly access: ExchangeAccess | undefined;
  /** Undefined when nothing is counted. */
  private readonly metrics: ExchangeMetrics | undefined;
  downstream!: Downstream;
  phase: number = Phase.FREE;
  /** Changes with every use of this object: a late callback compares it. */
  ticket = 0;
  route: Route | undefined = undefined;
  keepDownstream = true;
  /** Our forwarding fields are in the head. */
  forwardedSet = false;
  forwardedForSuppressed = false;
  requestTransform: BodyTransform | undefined = undefined;
  responseTransform: BodyTransform | undefined = undefined;
  /** Noted when a server gets the request, whose head may be gone by the time an answer of ours is made. */
  private callsGrpc = false;
  private readonly chain: MiddlewareChain;
  private readonly tunnel: Tunnel;
  private revision: Revision | undefined = undefined;
  private framing: number = Framing.NONE;
  /** Room for a head that has to outlive its batch; kept from exchange to exchange. */
  private retained: Buffer = NO_BYTES;

  constructor(context: WorkerContext) {
    this.context = context;
    this.view = new ExchangeView(this);
    this.upstream = new UpstreamSide(this);
    this.requestPipe = new BodyPipe(context);
    this.responsePipe = new BodyPipe(context);
    this.chain = new MiddlewareChain(this);
    this.tunnel = new Tunnel(this);
    this.access = context.accessLog === undefined ? undefined : new ExchangeAccess(this, context.accessLog);
    this.metrics = context.metrics === undefined ? undefined : new ExchangeMetrics(this, context.metrics);
  }

  clientCertificates(): readonly Buffer[] {
    return this.downstream.tls?.clientCertificates() ?? [];
  }

  get secure(): boolean {
    return this.downstream.tls !== undefined;
  }

  get clientIp(): string {
    return this.downstream.peer.text;
  }

  /** Bytes of the request body may be handed over now. While this holds, the client owes us a part of its request. */
  get takesBody(): boolean {
    if (this.phase === Phase.TUNNEL && this.downstream.relays) return false;
    return this.phase >= Phase.WAITING && this.requestPipe.takesInput;
  }

  /** Nothing of the request is still to come: only then may what the client sends next be a request. */
  get requestIsComplete(): boolean {
    return this.request.bodyKind === BodyKind.NONE || this.requestPipe.state === PipeState.DONE;
  }

  /** A response hook may still want to read the request. */
  get keepsRequestHead(): boolean {
    return this.route?.readsRequestLater === true;
  }

  /** The head has just been parsed into `request`. */
  begin(downstream: Downstream): void {
    this.downstream = downstream;
    this.revision = this.context.revision;
    this.revision.enter();
    this.facts.begin(this.context.transport.now);
    this.access?.begin();
    this.phase = Phase.ROUTING;
    this.route = undefined;
    this.forwardedSet = false;
    this.forwardedForSuppressed = false;
    this.requestTransform = undefined;
    this.responseTransform = undefined;
    this.chain.reset();
    this.keepDownstream = this.request.keepAlive && downstream.mayKeep();
    try {
      this.findRoute();
    } catch (error) {
      this.onFault(error, Errors.INTERNAL_FAULT);
    }
  }

  answer(answer: Answer): void {
    if (this.phase !== Phase.ROUTING && this.phase !== Phase.SUSPENDED) return;
    const late = this.phase === Phase.SUSPENDED;
    this.reply(answer, this.chain.outer);
    if (late) this.context.transport.flush();
  }

  suppressForwardedFor(): void {
    this.forwardedForSuppressed = true;
  }

  resume(): void {
    if (this.phase === Phase.ROUTING) this.chain.noteResume();
    if (this.phase !== Phase.SUSPENDED) return;
    this.phase = Phase.ROUTING;
    this.runMiddlewares();
    this.context.transport.flush();
  }

  /** The exchange goes on in a later batch: its head must survive this one. */
  suspend(phase: typeof Phase.SUSPENDED | typeof Phase.DIALING): void {
    this.phase = phase;
    this.retainRequestHead();
  }

  retainRequestHead(): void {
    if (this.request.bytes === this.retained) return;
    this.request.retainHead(this.retained);
    this.retained = this.request.bytes;
    if (this.retained.length > RETAINED_BYTES_MAX) this.context.buffered.add(this.retained.length);
  }

  /** The request is about to be given to a server. Clients of gRPC speak HTTP/2. */
  noteGrpc(): void {
    this.callsGrpc = this.downstream.framed && isGrpcCall(this.request);
  }

  /** Takes bytes of the request body; returns the position after the last used one. */
  onRequestBytes(bytes: Buffer, start: number, end: number): number {
    const { requestPipe, upstream } = this;
    let at = start;
    if (start < end) {
      upstream.onBodyUnasked();
      at = requestPipe.feed(bytes, start, end);
    }
    if (at === end && !upstream.awaitsContinue) requestPipe.relayRest();
    this.checkRequestPipe();
    return at;
  }

  onRequestRelayed(bytes: number, end: number): void {
    if (this.phase === Phase.TUNNEL) {
      this.tunnel.onClientRelayed(end);
      return;
    }
    if (!this.requestPipe.running) return;
    this.requestPipe.onRelayed(bytes, end);
    this.checkRequestPipe();
  }

  onUpstreamDrained(): void {
    if (!this.requestPipe.running) return;
    this.requestPipe.onDestinationDrained();
    this.checkRequestPipe();
  }

  /** Takes bytes of the response body; all of them are used up. */
  onResponseBytes(bytes: Buffer, start: number, end: number): number {
    const { responsePipe } = this;
    const used = responsePipe.running ? responsePipe.feed(bytes, start, end) : start;
    if (used < end) this.upstream.connection!.reusable = false;
    else responsePipe.relayRest();
    this.checkResponsePipe();
    return end;
  }

  onResponseRelayed(bytes: number, end: number): void {
    if (this.phase === Phase.TUNNEL) {
      this.tunnel.onServerRelayed(end);
      return;
    }
    if (!this.responsePipe.running) return;
    this.responsePipe.onRelayed(bytes, end);
    this.checkResponsePipe();
  }

  /** `trailers` are good during the call. */
  onResponseSourceEnd(orderly: boolean, trailers?: HeaderTable): void {
    this.responsePipe.onSourceEnd(orderly, trailers);
    this.checkResponsePipe();
  }

  /** The client has sent all of a body whose end its protocol tells. */
  onRequestEnd(trailers?: HeaderTable): void {
    this.requestPipe.onSourceEnd(true, trailers);
    this.checkRequestPipe();
  }

  onDownstreamDrained(): void {
    this.responsePipe.onDestinationDrained();
    this.checkResponsePipe();
  }

  /** The final response head is in `response`; the body that follows it is of that `BodyKind`. */
  startResponse(bodyKind: number): void {
    const { downstream, upstream } = this;
    try {
      this.chain.runResponseHooks(this.route!.middlewares.length);
      if (bodyKind !== BodyKind.NONE) this.responseTransform = this.chain.responseTransform();
      this.framing = downstream.framingFor(this, bodyKind);
      if (this.framing === Framing.CLOSE || !downstream.mayKeep()) this.keepDownstream = false;
      this.metrics?.answered();
      downstream.sendHead(this, this.framing, this.response.bodyBytes);
      this.facts.status = this.response.status;
      this.access?.downstreamHead();
    } catch (error) {
      this.onFault(error, Errors.MIDDLEWARE_FAULT);
      return;
    }
    this.phase = Phase.RESPONDING;
    // A hook has made it a response that has no body: the one that comes is not read.
    const dropsBody = this.framing === Framing.NONE && bodyKind !== BodyKind.NONE;
    if (dropsBody) upstream.connection!.reusable = false;
    this.responsePipe.start({
      source: upstream.connection!,
      destination: downstream,
      kind: dropsBody ? BodyKind.NONE : sourceKind(bodyKind, upstream.connection!.framed),
      bytes: this.response.bodyBytes,
      chunkedOut: this.framing === Framing.CHUNKED,
      transform: this.responseTransform,
      forwardTrailers: true,
    });
  }

  startTunnel(): void {
    if (!this.tunnel.accepts()) {
      this.fail(Errors.UPSTREAM_SWITCH_MISMATCH);
      return;
    }
    try {
      this.access?.originHead();
      this.chain.runResponseHooks(this.route!.middlewares.length);
      this.tunnel.sendHead();
      this.facts.serverAnsweredWith(101);
      this.facts.status = this.response.status;
      this.access?.downstreamHead();
    } catch (error) {
      this.onFault(error, Errors.MIDDLEWARE_FAULT);
      return;
    }
    this.phase = Phase.TUNNEL;
    this.leaveRevision();
  }

  onTunnelBytes(bytes: Buffer, start: number, end: number): number {
    this.tunnel.onServerBytes(bytes, start, end);
    return end;
  }

  onTunnelServerEnd(): void {
    this.tunnel.onServerEnd();
  }

  /** The client's bytes go through the relay from now on; these came in the batch in which it was started. */
  onTunnelInput(bytes: Buffer, start: number, end: number): void {
    this.tunnel.onClientBytes(bytes, start, end);
  }

  onTunnelClosed(errno: number): void {
    this.tunnel.onClosed(errno);
  }

  /** `…InOrder`: that side may have what is queued for it, then FIN; otherwise it is reset. */
  endTunnel(clientInOrder: boolean, serverInOrder: boolean): void {
    this.keepDownstream = false;
    if (!clientInOrder) this.downstream.abort();
    if (serverInOrder) this.upstream.closeConnection();
    this.finish(false);
  }

  onDownstreamEnd(): void {
    if (this.phase === Phase.TUNNEL) return;
    if (this.requestPipe.takesInput && this.phase !== Phase.DISCARDING) {
      this.requestPipe.onSourceEnd(false);
      this.checkRequestPipe();
    } else this.onClientGone();
  }

  onDownstreamClosed(errno: number): void {
    if (this.phase === Phase.TUNNEL) this.tunnel.onClosed(errno);
    else this.onClientGone();
  }

  onDownstreamExpired(): void {
    if (this.phase === Phase.DISCARDING) {
      this.keepDownstream = false;
      this.finish(false);
    } else if (this.requestPipe.running) this.fail(Errors.DOWNSTREAM_BODY_TIMEOUT);
    else {
      // The client does not take what is queued for it: waiting on would not help.
      this.downstream.abort();
      this.cut(Errors.DOWNSTREAM_WRITE_TIMEOUT);
    }
  }

  /** Ends the exchange with that error: an answer while none has been started, a cut connection afterwards. */
  fail(entry: CatalogueEntry, detail: number | string = 0): void {
    if (this.phase === Phase.FREE) return;
    this.facts.serverFailedWith(entry.status);
    if (this.phase >= Phase.RESPONDING || entry.status === 0) {
      this.cut(entry, detail);
      return;
    }
    logExchangeError(this, entry, detail);
    this.upstream.finish(false);
    this.reply(answerFor(entry), this.route?.middlewares.length ?? 0, entry);
  }

  /** Our own code or a middleware threw: 500 while nothing has been answered, cut connections afterwards. */
  onFault(error: unknown, entry: CatalogueEntry): void {
    this.context.log.error({ err: error, code: entry.code, router: this.route?.name }, entry.meaning);
    if (this.phase === Phase.FREE) return;
    this.facts.serverFailedWith(entry.status);
    this.upstream.finish(false);
    if (this.phase < Phase.RESPONDING) this.reply(answerFor(entry), 0, entry);
    else this.abandon();
  }

  /** Gives up: both connections go, nothing is answered any more. */
  abandon(): void {
    if (this.phase === Phase.FREE) return;
    this.upstream.finish(false);
    this.downstream.abort();
    this.keepDownstream = false;
    this.finish(false);
  }

  /** The last act: connections back to where they belong, this object back to its pool. */
  finish(keepUpstream: boolean): void {
    if (this.phase === Phase.FREE) return;
    const { downstream, context } = this;
    if (!this.requestIsComplete) this.keepDownstream = false;
    this.requestPipe.noteRelayed();
    this.upstream.finish(keepUpstream && this.requestIsComplete);
    this.metrics?.ended(this.revision === undefined);
    this.access?.ended();
    this.leaveRevision();
    this.phase = Phase.FREE;
    this.ticket++;
    this.requestPipe.reset();
    this.responsePipe.reset();
    if (this.retained.length > RETAINED_BYTES_MAX) {
      context.buffered.add(-this.retained.length);
      this.retained = NO_BYTES;
    }
    const keep = this.keepDownstream;
    if (!this.chain.lent) context.exchanges.giveBack(this);
    else context.exchanges.active--;
    downstream.exchangeEnded(keep);
  }

  private findRoute(): void {
    const { request, downstream } = this;
    if (request.method === 'CONNECT') {
      // The client may have sent what it wants tunnelled already: that must not be read as requests.
      this.keepDownstream = false;
      this.fail(Errors.CONNECT_UNSUPPORTED);
      return;
    }
    const revision = this.revision!;
    const refusal = applyEntryPointRules(this);
    this.access?.arrived();
    if (refusal !== undefined) {
      this.reply(refusal, 0);
      return;
    }
    const entryPoint = downstream.entryPoint.indexIn(revision, this.secure);
    const index = entryPoint === -1 ? -1 : revision.matcher.match(entryPoint, this.view);
    if (index === -1) {
      this.metrics?.unmatched();
      this.fail(Errors.NO_ROUTER);
      return;
    }
    this.route = revision.routeAt(index);
    this.metrics?.matched(this.route.metrics);
    if (misdirected(this, this.route)) {
      this.reply(answerFor(Errors.MISDIRECTED_REQUEST), 0, Errors.MISDIRECTED_REQUEST);
      return;
    }
    const denied = refusesEncodedCharacters(request, this.route.deniedEncodedCharacters);
    if (denied !== undefined) this.reply(denied, 0);
    else this.runMiddlewares();
  }

  private runMiddlewares(): void {
    try {
      if (this.route!.readsForwardedFields) setForwardedFields(this);
      if (!this.chain.runRequestHooks()) return;
      if (this.request.bodyKind !== BodyKind.NONE) this.requestTransform = this.chain.requestTransform();
      this.upstream.start();
    } catch (error) {
      this.onFault(error, Errors.MIDDLEWARE_FAULT);
    }
  }

  /** @param failure that the answer is about */
  private reply(answer: Answer, hooks: number, failure?: CatalogueEntry): void {
    const { response, request, responsePipe, downstream } = this;
    let body = Buffer.from(answer.body);
    composeAnswer(response, answer);
    let discards: boolean;
    try {
      this.chain.runResponseHooks(hooks);
      // The books keep the failure: to them, 200 would be a success.
      const { status } = response;
      if (hidesFailure(response) && this.isGrpc()) {
        becomeGrpcAnswer(response, failure);
        body = NO_BYTES;
      }
      discards = this.prepareDiscard(body.length);
      this.framing = downstream.framingFor(this, BodyKind.LENGTH);
      this.metrics?.answered();
      downstream.sendHead(this, this.framing, body.length);
      this.facts.status = status;
      this.access?.downstreamHead();
    } catch (error) {
      this.onFault(error, Errors.MIDDLEWARE_FAULT);
      return;
    }
    const sendsBody = request.method !== 'HEAD' && this.framing !== Framing.NONE;
    this.phase = Phase.RESPONDING;
    responsePipe.startWith(downstream, sendsBody ? body : NO_BYTES);
    downstream.noteAnswerBytes(body.length);
    if (discards) this.discardBody();
    else this.checkResponsePipe();
  }

  private isGrpc(): boolean {
    if (this.facts.serverStartedAtMs === 0) this.noteGrpc();
    return this.callsGrpc;
  }

  /** Decides what happens to a request body that nobody has read; true when it has to be read and thrown away. */
  private prepareDiscard(answerBytes: number): boolean {
    const { request, requestPipe } = this;
    if (!this.downstream.mayKeep()) this.keepDownstream = false;
    if (this.requestIsComplete) return false;
    const short = request.bodyKind === BodyKind.LENGTH && request.bodyBytes + answerBytes <= DISCARD_BYTES_MAX;
    if (requestPipe.state === PipeState.IDLE && short && !request.expectContinue && this.keepDownstream) return true;
    this.keepDownstream = false;
    return false;
  }

  private discardBody(): void {
    const { request, downstream } = this;
    this.phase = Phase.DISCARDING;
    this.requestPipe.start({
      source: downstream,
      destination: undefined,
      kind: sourceKind(request.bodyKind, downstream.framed),
      bytes: request.bodyBytes,
      chunkedOut: false,
      transform: undefined,
      forwardTrailers: false,
    });
    downstream.continueInput();
  }

  private checkRequestPipe(): void {
    const { requestPipe } = this;
    if (this.phase === Phase.TUNNEL) this.tunnel.checkPipes();
    else if (requestPipe.state === PipeState.DONE) {
      if (this.phase === Phase.DISCARDING) this.finish(false);
      else {
        this.downstream.requestComplete();
        this.upstream.startHeadTimeout();
      }
    } else if (requestPipe.state === PipeState.SOURCE_FAILED) {
      this.fail(requestPipe.malformed ? Errors.DOWNSTREAM_MALFORMED_BODY : Errors.DOWNSTREAM_BODY_CUT);
    } else if (requestPipe.state === PipeState.TRANSFORM_FAILED) {
      this.onFault(requestPipe.fault, Errors.MIDDLEWARE_FAULT);
    }
    // A broken destination says so itself: its CLOSED event comes, perhaps after an answer.
  }

  private checkResponsePipe(): void {
    const { responsePipe } = this;
    if (this.phase === Phase.TUNNEL) this.tunnel.checkPipes();
    else if (responsePipe.state === PipeState.DONE) {
      if (this.phase !== Phase.DISCARDING) this.finish(true);
    } else if (responsePipe.state === PipeState.SOURCE_FAILED) {
      this.cut(responsePipe.malformed ? Errors.UPSTREAM_MALFORMED_BODY : Errors.UPSTREAM_BODY_CUT);
    } else if (responsePipe.state === PipeState.TRANSFORM_FAILED) {
      this.onFault(responsePipe.fault, Errors.MIDDLEWARE_FAULT);
    }
  }

  /** The client must notice that what it has got is not all. */
  private cut(entry: CatalogueEntry, detail: number | string = 0): void {
    logExchangeError(this, entry, detail);
    this.upstream.finish(false);
    this.keepDownstream = false;
    if (this.framing === Framing.CLOSE || this.phase < Phase.RESPONDING) this.downstream.abort();
    this.finish(false);
  }

  private onClientGone(): void {
    logExchangeError(this, Errors.DOWNSTREAM_CLOSED, 0);
    this.facts.clientGone();
    this.keepDownstream = false;
    this.finish(false);
  }

  private leaveRevision(): void {
    const { revision } = this;
    this.revision = undefined;
    revision?.leave();
  }
}
