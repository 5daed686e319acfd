// What is concluded from the role that a database server says it has.

import type { CheckOutcome } from '../http-check.ts';

/** @param found, wanted `primary` or `replica` */
export function roleOutcome(found: string, wanted: string): CheckOutcome {
  if (found === wanted) return { healthy: true, reason: `a ${found}` };
  return { healthy: false, reason: `a ${found}, expected a ${wanted}`, hasOtherRole: true };
}
