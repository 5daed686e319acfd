// How the end of a received body is found.

import { BodyKind } from '@sluice/protocols';

/**
 * @param framed the protocol tells where the body ends, and whoever speaks it checks a length that was promised: what lies behind
 *   the last byte, such as trailers, is still to be waited for
 */
export function sourceKind(bodyKind: number, framed: boolean): number {
  return framed && bodyKind !== BodyKind.NONE ? BodyKind.UNTIL_CLOSE : bodyKind;
}
