// One router as a worker runs it: its middlewares made, its service found. Built once per router and revision.

import type { Middleware, MiddlewareBehaviour } from '@sluice/middlewares/behaviours';
import { ConstantText } from '@sluice/observability/access-log';
import { ObservedSignal, type SnapshotTables } from '@sluice/routing/snapshot';
import type { RouteMetrics, WorkerMetrics } from '../metrics/worker-metrics.ts';
import type { ServiceRuntime } from './service-runtime.ts';

/** Undefined for a key that is not known. */
export type MiddlewareLookup = (type: string) => MiddlewareBehaviour | undefined;

/** Ends the names of services of the program itself. */
const INTERNAL_SUFFIX = '@internal';

export class Route {
  readonly name: string;
  /** As the access log names it. */
  readonly accessText: ConstantText;
  /** Router and entry point want its requests in the access log. */
  readonly isLogged: boolean;
  /** Its service is one of the program itself. */
  readonly isInternal: boolean;
  /** Outermost first. */
  readonly middlewares: readonly Middleware[];
  readonly service: ServiceRuntime;
  /** A response hook may look at the request: its head has to outlive its batch. */
  readonly readsRequestLater: boolean;
  /** A middleware may look at the forwarding fields or change them: they have to be in the head before. */
  readonly readsForwardedFields: boolean;
  /** Some middleware may ask for that body. */
  readonly transformsRequest: boolean;
  readonly transformsResponse: boolean;
  /** Mask of encoded characters this router refuses; 0: none. */
  readonly deniedEncodedCharacters: number;
  /** Name of the TLS options its requests have to come under; empty: they come without TLS. */
  readonly tlsOptions: string;
  /** Undefined when its requests are not counted. */
  readonly metrics: RouteMetrics | undefined;

  /** @throws Error when a middleware of the snapshot cannot be made (the compiler should have refused it). */
  constructor(
    tables: SnapshotTables,
    index: number,
    services: { serviceAt(index: number): ServiceRuntime },
    behaviourOf: MiddlewareLookup,
    metrics?: WorkerMetrics,
  ) {
    const record = tables.router(index);
    this.name = record.name;
    this.accessText = new ConstantText(record.name);
    this.isLogged = (record.observedSignals & ObservedSignal.ACCESS_LOGS) !== 0;
    this.tlsOptions = record.tlsOptions;
    this.deniedEncodedCharacters = record.deniedEncodedCharacters;
    this.middlewares = record.middlewares.map((middleware) => makeMiddleware(tables, middleware, behaviourOf));
    this.readsRequestLater = this.middlewares.some(
      ({ onResponse, responseBody, ignoresRequestLater }) =>
        ignoresRequestLater !== true && (onResponse ?? responseBody),
    );
    this.readsForwardedFields = this.middlewares.some(({ ignoresForwardedFields }) => ignoresForwardedFields !== true);
    this.transformsRequest = this.middlewares.some(({ requestBody }) => requestBody !== undefined);
    this.transformsResponse = this.middlewares.some(({ responseBody }) => responseBody !== undefined);
    this.service = services.serviceAt(record.service);
    this.isInternal = this.service.name.endsWith(INTERNAL_SUFFIX);
    this.metrics = metrics?.ofRoute(this.name, this.service.name, record.observedSignals);
  }
}

function makeMiddleware(tables: SnapshotTables, index: number, behaviourOf: MiddlewareLookup): Middleware {
  const { name, type, optionsJson } = tables.middleware(index);
  const behaviour = behaviourOf(type);
  if (behaviour === undefined)
    throw new Error(`middleware ${name} has the type ${type}, which this worker does not know`);
  // The compiler has validated the options; the checksum vouches for them.
  return behaviour.create(JSON.parse(optionsJson), name);
}
