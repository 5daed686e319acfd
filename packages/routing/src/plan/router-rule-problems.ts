// What is wrong with the rules of all routers, without compiling the rest: for whoever only wants to know. The compiler finds the
// same while it compiles.

import type { RoutedConfiguration } from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { RuleSyntaxError } from '../rule/rule-syntax-error.ts';
import { type CompiledRule, tryCompileRule } from './compiled-rule.ts';
import { ruleMessage } from './rule-message.ts';

export function routerRuleProblems({ http, tcp, udp }: RoutedConfiguration): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const [protocol, routers] of [
    ['http', http.routers],
    ['tcp', tcp.routers],
    ['udp', udp.routers],
  ] as const) {
    for (const [name, router] of Object.entries(routers)) {
      const rule = tryCompileRule(router.rule, protocol);
      const needsTls = protocol === 'tcp' && !('tls' in router && router.tls !== undefined);
      const message = rule instanceof RuleSyntaxError ? ruleMessage(rule) : needsTls ? missingTls(rule) : undefined;
      if (message === undefined) continue;
      diagnostics.push({ code: 'CONFIG_RULE', severity: 'error', message, object: `${protocol}.routers.${name}` });
    }
  }
  return diagnostics;
}

/** Of a router of TCP without TLS: why it can never match. As in the reference the first server name decides (tcp-udp.md section 2). */
export function missingTls({ hosts: [serverName] }: CompiledRule): string | undefined {
  if (serverName === undefined || serverName === '*') return undefined;
  return `its rule asks for the server name "${serverName}", which only connections over TLS have: give it a "tls" section, with "passthrough: true" when TLS is the server's business, or write HostSNI(\`*\`)`;
}
