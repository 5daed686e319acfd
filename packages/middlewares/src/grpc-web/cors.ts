// What browsers have to be told so that a page of another origin may call and read the answer (the Fetch standard, CORS).
// Allocates the strings it sends.

import type { RequestHead, ResponseHead } from '@sluice/protocols';
import { type Answer, emptyAnswer } from '../interface/answer.ts';
import { eachField } from './each-field.ts';

const PREFLIGHT_METHODS = new Set(['GET', 'POST', 'HEAD', 'OPTIONS']);
const PREFLIGHT_MAX_AGE_SECONDS = '600';
const NAME = /[A-Za-z0-9_.-]+/g;
const VARY: Answer['fields'] = [
  ['Vary', 'Origin'],
  ['Vary', 'Access-Control-Request-Method'],
  ['Vary', 'Access-Control-Request-Headers'],
];
/** Of the connection, not of the message: no page could read them. */
const NOT_EXPOSED = new Set(['connection', 'keep-alive', 'trailer', 'transfer-encoding', 'upgrade']);

export class GrpcWebCors {
  private readonly origins: ReadonlySet<string>;
  private readonly allowsAll: boolean;

  constructor(allowOrigins: readonly string[]) {
    this.origins = new Set(allowOrigins);
    this.allowsAll = this.origins.has('*');
  }

  /** A browser asks beforehand whether a call is allowed. */
  isPreflight(request: RequestHead): boolean {
    return (
      request.method === 'OPTIONS' &&
      request.has('access-control-request-method') &&
      (request.get('access-control-request-headers') ?? '').toLowerCase().includes('x-grpc-web')
    );
  }

  answerPreflight(request: RequestHead): Answer {
    const origin = this.allowedOrigin(request);
    const method = request.get('access-control-request-method')!.toUpperCase();
    if (origin === undefined || !PREFLIGHT_METHODS.has(method)) return emptyAnswer(200, VARY);
    const names = (request.get('access-control-request-headers') ?? '').match(NAME) ?? [];
    return emptyAnswer(200, [
      ...VARY,
      ['Access-Control-Allow-Origin', origin],
      ['Access-Control-Allow-Methods', method],
      ['Access-Control-Allow-Headers', names.map(canonicalName).join(', ')],
      ['Access-Control-Allow-Credentials', 'true'],
      ['Access-Control-Max-Age', PREFLIGHT_MAX_AGE_SECONDS],
    ]);
  }

  /** To be called when the response has all its fields: their names are told as well. */
  addTo(response: ResponseHead, request: RequestHead): void {
    response.add('Vary', 'Origin');
    const origin = this.allowedOrigin(request);
    if (origin !== undefined) {
      response.set('Access-Control-Allow-Origin', origin);
      response.set('Access-Control-Allow-Credentials', 'true');
    }
    response.set('Access-Control-Expose-Headers', exposedNames(response));
  }

  private allowedOrigin(request: RequestHead): string | undefined {
    const origin = request.get('origin');
    if (origin === undefined || origin === '') return undefined;
    return this.allowsAll || this.origins.has(origin) ? origin : undefined;
  }
}

function exposedNames(response: ResponseHead): string {
  const names = new Set<string>();
  eachField(response, (name) => {
    if (!NOT_EXPOSED.has(name)) names.add(name);
  });
  names.delete('access-control-expose-headers');
  return [...names.add('grpc-status').add('grpc-message')].join(', ');
}

/** `x-grpc-web` → `X-Grpc-Web`. */
function canonicalName(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}
