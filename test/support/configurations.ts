// Dynamic configurations that several tests use.

export interface Routed {
  /** URLs of the servers behind everything. */
  readonly servers: readonly string[];
  /** Value of the answer's `X-Mark`. */
  readonly mark?: string;
  readonly rule?: string;
  readonly healthCheck?: object;
}

/** One router for everything, to one service, with a header in every answer when there is a mark. */
export function everythingTo({ servers, mark, rule = 'PathPrefix(`/`)', healthCheck }: Routed): object {
  const middlewares = mark === undefined ? {} : { mark: { headers: { customResponseHeaders: { 'X-Mark': mark } } } };
  return {
    http: {
      routers: { all: { rule, service: 'all', middlewares: Object.keys(middlewares) } },
      middlewares,
      services: {
        all: {
          loadBalancer: {
            servers: servers.map((url) => ({ url })),
            ...(healthCheck === undefined ? {} : { healthCheck }),
          },
        },
      },
    },
  };
}

/** The value of a field in the head of an answer. */
export function fieldOf(head: string, name: string): string | undefined {
  const line = head.split('\r\n').find((each) => each.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line?.slice(name.length + 1).trim();
}
