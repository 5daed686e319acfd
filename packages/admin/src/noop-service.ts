// `noop@internal`: where requests go whose router is there for its middlewares only, and which those have let pass
// (http-routing.md section 7).

import type { InternalAnswer, InternalService } from './internal-service.ts';

const NOTHING_HERE: InternalAnswer = { status: 418, fields: [], body: '' };

export class NoopService implements InternalService {
  answer(): InternalAnswer {
    return NOTHING_HERE;
  }
}
