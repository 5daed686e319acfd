// The hosts that a rule names, which is what TLS options are chosen by before any request is read (http-routing.md section 4.5).

import type { RuleNode } from '../rule/rule-node.ts';

const NO_HOSTS: readonly string[] = [];

/** All values of `Host(…)` and `HostSNI(…)`, from left to right, also negated ones, each once, in lower case and without a dot at the end; none of regular expressions. */
export function ruleHosts(rule: RuleNode): readonly string[] {
  const hosts: string[] = [];
  collect(rule, hosts);
  if (hosts.length === 0) return NO_HOSTS;
  return hosts.length === 1 ? hosts : [...new Set(hosts)];
}

/** Is the rule nothing but HostSNI(`*`)? */
export function isCatchAllRule(rule: RuleNode): boolean {
  return rule.type === 'matcher' && rule.name === 'HostSNI' && rule.arguments[0]!.value === '*';
}

function collect(node: RuleNode, hosts: string[]): void {
  if (node.type === 'matcher') {
    if (node.name !== 'Host' && node.name !== 'HostSNI') return;
    for (const { value } of node.arguments) hosts.push(value.toLowerCase().replace(/(.)\.$/, '$1'));
  } else if (node.type === 'not') {
    collect(node.node, hosts);
  } else {
    for (const inner of node.nodes) collect(inner, hosts);
  }
}
