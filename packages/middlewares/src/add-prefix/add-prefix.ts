// addPrefix: puts a fixed prefix in front of the path. What the client encoded stays encoded.
// Allocates the new path and nothing else.

import { escapePath } from '@sluice/protocols';
import type { Exchange } from '../interface/exchange.ts';
import { type Middleware, type MiddlewareBehaviour, Verdict, type VerdictValue } from '../interface/middleware.ts';
import type { AddPrefixOptions } from './add-prefix-options.ts';

export const addPrefix: MiddlewareBehaviour<AddPrefixOptions> = {
  type: 'addPrefix',
  create: ({ prefix }) => new AddPrefix(prefix),
};

class AddPrefix implements Middleware {
  private readonly prefix: string;

  constructor(prefix: string) {
    const escaped = escapePath(prefix);
    this.prefix = escaped.startsWith('/') ? escaped : `/${escaped}`;
  }

  onRequest({ request }: Exchange): VerdictValue {
    // `OPTIONS *` asks about the server as a whole and has no path.
    if (request.path !== '*') request.setPath(this.prefix + request.path);
    return Verdict.NEXT;
  }
}
