// How a schema reports something other than a wrong value: a diagnostic code carried through zod's custom issues.

import type { DiagnosticCode } from '@sluice/errors';
import type { z } from 'zod';

/** @param message without its subject, which the decoder puts in front: `must be …` */
export function addCodedIssue(
  context: z.RefinementCtx,
  code: DiagnosticCode,
  message: string,
  path: readonly (string | number)[] = [],
): void {
  context.addIssue({ code: 'custom', message, path: [...path], params: { diagnosticCode: code } });
}

export function issueCode(issue: z.core.$ZodIssue): DiagnosticCode | undefined {
  if (issue.code !== 'custom') return undefined;
  return issue.params?.diagnosticCode as DiagnosticCode | undefined;
}
