// The hosts that a rule names, which is what TLS options are chosen by before any request is read (http-routing.md section 4.3).

import { parseRule, type RuleNode, RuleSyntaxError } from '@sluice/routing';

/** What a router without a host is for: names that nobody else has. */
export const ANY_HOST = '*';

/** All values of `Host(…)`, also negated ones, in lower case and without a dot at the end; none of `HostRegexp`. */
export function ruleHosts(rule: string): string[] {
  const hosts = new Set<string>();
  try {
    collect(parseRule(rule), hosts);
  } catch (error) {
    // Such a router is refused elsewhere, and serves nothing.
    if (!(error instanceof RuleSyntaxError)) throw error;
  }
  return [...hosts];
}

function collect(node: RuleNode, hosts: Set<string>): void {
  if (node.type === 'matcher') {
    if (node.name !== 'Host') return;
    for (const { value } of node.arguments) hosts.add(value.toLowerCase().replace(/(.)\.$/, '$1'));
  } else if (node.type === 'not') {
    collect(node.node, hosts);
  } else {
    for (const inner of node.nodes) collect(inner, hosts);
  }
}
