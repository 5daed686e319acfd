// The explanation of a connection or flow as text for people. Decides nothing; what programs read is the explanation itself.

import { renderCandidates } from './render-explanation.ts';
import type { ExplainedService, StreamExplanation } from './stream-explanation.ts';

export function renderStream(explanation: StreamExplanation): string {
  return [
    ...renderConnection(explanation),
    '',
    ...renderCandidates(explanation.candidates, explanation.connection.protocol === 'udp' ? 'flow' : 'connection'),
    ...renderTarget(explanation),
    '',
    renderOutcome(explanation),
    '',
  ].join('\n');
}

function renderConnection({ connection, entryPoint, matchedAtOnce }: StreamExplanation): string[] {
  const { protocol, host, port, secure, postgres, serverName, alpn, clientIp } = connection;
  const lines = [`${protocol} to ${host}:${port} from ${clientIp}`];
  lines.push(`entry point  ${entryPoint.name} (${entryPoint.address}): ${entryPoint.reason}`);
  const client = serverName === '' ? 'no server name' : `server name ${serverName}`;
  const offers = alpn.length === 0 ? '' : `, offers ${alpn.join(', ')}`;
  if (secure)
    lines.push(
      `${protocol === 'udp' ? 'QUIC' : 'TLS '}         ${client}${offers}${postgres ? ', after a request for TLS in PostgreSQL’s protocol' : ''}`,
    );
  if (!matchedAtOnce) return lines;
  const unseen = secure ? '; that the client begins with TLS is not seen' : '';
  return [...lines, `matched      at once: no router of this entry point takes TLS${unseen}`];
}

const TLS_MODES = {
  none: 'none: bytes go to the server as they are',
  passthrough: 'passed through: it is the business of the server',
  terminate: 'ends here',
} as const;

function renderTarget({ tls, middlewares, service }: StreamExplanation): string[] {
  const lines: string[] = [];
  if (tls !== undefined) {
    const options = tls.mode === 'terminate' ? `, with the options ${tls.options}` : '';
    lines.push('', `TLS          ${TLS_MODES[tls.mode]}${options}`);
    lines.push(middlewares.length === 0 ? 'middlewares  none' : 'middlewares, outermost first:');
  }
  middlewares.forEach(({ name, type }, index) => void lines.push(`  ${index + 1}. ${name} (${type})`));
  return service === undefined ? lines : [...lines, '', ...renderService(service, 'service      ', 1)];
}

function renderService({ name, kind, weight, ...service }: ExplainedService, title: string, depth: number): string[] {
  const share = weight === undefined ? '' : ` (weight ${weight})`;
  const transport = service.transport === undefined ? '' : `, transport ${service.transport}`;
  const how = kind === 'servers' ? `${service.strategy}${transport}` : kind;
  const indent = '  '.repeat(depth);
  const lines = [`${title}${name}${share}: ${how}`];
  if (kind === 'servers' && service.servers.length === 0) lines.push(`${indent}no servers`);
  for (const server of service.servers) {
    lines.push(`${indent}${server.address} (weight ${server.weight}${server.tls === true ? ', TLS' : ''})`);
  }
  return [...lines, ...service.children.flatMap((child) => renderService(child, indent, depth + 1))];
}

function renderOutcome({ answer, handedTo, service, middlewares, connection, entryPoint }: StreamExplanation): string {
  if (answer !== undefined) {
    const what = connection.protocol === 'udp' ? 'nothing is forwarded' : 'the connection is closed';
    return `outcome      ${what}: ${answer.reason}`;
  }
  const condition = middlewares.length === 0 ? '' : ', unless a middleware closes it';
  if (handedTo === undefined) return `outcome      goes to a server of ${service?.name}${condition}`;
  const { host, port, serverName } = connection;
  const scheme = handedTo === 'HTTPS' ? 'https' : 'http';
  const url = `${scheme}://${serverName || host || 'example.com'}:${port}/`;
  return `outcome      goes on as ${handedTo}; "sluice explain ${url} --entryPoint ${entryPoint.name}" says where to`;
}
