// An explanation as text for people: the request, the routers that were tried, where it goes. Decides nothing; what programs
// read is the explanation itself.

import { STATUS_CODES } from 'node:http';
import type { ExplainedCandidate, ExplainedPredicate } from '@sluice/routing';
import type { Explanation } from './explanation.ts';

/** Routers that were tried in vain and are shown; the ones tried last are the interesting ones. */
const CANDIDATES_SHOWN_MAX = 20;

export function renderExplanation(explanation: Explanation): string {
  return [
    ...renderRequest(explanation),
    '',
    ...(explanation.takenBy === undefined ? renderCandidates(explanation.candidates, 'request') : []),
    ...renderTarget(explanation),
    '',
    renderOutcome(explanation),
    '',
  ].join('\n');
}

function renderRequest({ request, entryPoint, tls, routed, takenBy }: Explanation): string[] {
  const { method, authority, path, query, clientIp } = request;
  const target = query === undefined ? path : `${path}?${query}`;
  const lines = [`${method} ${target} for ${authority} from ${clientIp}`];
  lines.push(`entry point  ${entryPoint.name} (${entryPoint.address}): ${entryPoint.reason}`);
  if (tls !== undefined) {
    const client = tls.serverName === '' ? 'no server name' : `server name ${tls.serverName}`;
    lines.push(`TLS          ${client}: ${tls.options === null ? 'no options' : `options ${tls.options}`}`);
  }
  if (takenBy !== undefined) lines.push(`connection   taken by ${takenBy}, a router of TCP`);
  if (routed === undefined) return lines;
  const changed = routed.forwardedPath === path ? '' : ` (as sent: ${path})`;
  lines.push(`host         ${routed.host}`, `path         ${routed.forwardedPath}${changed}`);
  if (routed.path !== routed.forwardedPath) lines.push(`             rules compare with ${routed.path}`);
  if (routed.query !== undefined) lines.push(`query        ${routed.query}`);
  return lines;
}

/** @param taken what a router takes: a request, a connection, a flow */
export function renderCandidates(candidates: readonly ExplainedCandidate[], taken: string): string[] {
  const chosen = candidates.findIndex((candidate) => candidate.chosen);
  const tried = chosen === -1 ? candidates : candidates.slice(0, chosen + 1);
  const shown = tried.slice(-CANDIDATES_SHOWN_MAX);
  const lines = ['routers, in the order in which they are tried:'];
  if (candidates.length === 0) lines.push('  none on this entry point');
  if (tried.length > shown.length) lines.push(`  … ${tried.length - shown.length} others that do not match`);
  for (const candidate of shown) lines.push(...renderCandidate(candidate, taken));
  const untried = candidates.length - tried.length;
  if (untried > 0) lines.push(`  … ${untried} more, not tried`);
  return lines;
}

function renderCandidate(
  { name, rule, priority, matches, chosen, predicate }: ExplainedCandidate,
  taken: string,
): string[] {
  const title = `  ${mark(matches)} ${name} (priority ${priority})${chosen ? `: takes the ${taken}` : ''}`;
  const ruleLine = `      ${rule === '' ? '(no rule)' : rule.replaceAll(/\s*\n\s*/g, ' ')}`;
  const isSingle = predicate.children.length === 0;
  return isSingle ? [title, ruleLine] : [title, ruleLine, ...renderPredicate(predicate, 4)];
}

function renderPredicate({ text, outcome, children }: ExplainedPredicate, depth: number): string[] {
  const line = `${'  '.repeat(depth)}${mark(outcome)} ${text}`;
  return [line, ...children.flatMap((child) => renderPredicate(child, depth + 1))];
}

function mark(outcome: boolean): string {
  return outcome ? '✓' : '✗';
}

function hostOf(authority: string): string {
  return authority.replace(/:\d*$/, '');
}

function renderTarget({ middlewares, service }: Explanation): string[] {
  if (service === undefined) return [];
  const lines = ['', middlewares.length === 0 ? 'middlewares  none' : 'middlewares, outermost first:'];
  middlewares.forEach(({ name, type }, index) => void lines.push(`  ${index + 1}. ${name} (${type})`));
  const host = service.passHostHeader ? 'Host of the client' : 'Host of the server';
  lines.push('', `service      ${service.name}: ${service.strategy}, ${host}, transport ${service.serversTransport}`);
  if (service.servers.length === 0) lines.push('  no servers');
  for (const { url, weight } of service.servers) lines.push(`  ${url} (weight ${weight})`);
  return lines;
}

function renderOutcome({ request, answer, service, takenBy }: Explanation): string {
  if (takenBy !== undefined) {
    const { port, secure, serverName } = request;
    const sni = secure ? ` --sni "${serverName}"` : '';
    return `outcome      no request is read; "sluice explain tcp://${hostOf(request.authority)}:${port}${sni}" says where the bytes go`;
  }
  if (answer !== undefined && 'closed' in answer) return `outcome      the connection is closed: ${answer.reason}`;
  if (answer !== undefined)
    return `answer       ${answer.status} ${STATUS_CODES[answer.status] ?? ''}: ${answer.reason}`;
  return `outcome      goes to a server of ${service?.name}, unless a middleware answers`;
}
