// `sluice explain`: where would this request, connection or flow go, and why? Reads the configuration as it is on disk; sends
// nothing.

import { isUdp } from '@sluice/config';
import type { Command, CommandContext } from '../command.ts';
import {
  lastValue,
  outputFormat,
  type ParsedOptions,
  parseOptions,
  UsageError,
} from '../command-line/parse-options.ts';
import { checkProject } from '../project/check-project.ts';
import { loadProject, type Project } from '../project/load-project.ts';
import { chooseEntryPoint } from './choose-entry-point.ts';
import { type Explanation, explain } from './explanation.ts';
import { renderExplanation } from './render-explanation.ts';
import { renderStream } from './render-stream.ts';
import { requestedExchange } from './requested.ts';
import { asksForStream, requestedStream } from './requested-stream.ts';
import { explainStream, type StreamExplanation } from './stream-explanation.ts';

const HELP = `Usage: sluice explain [METHOD] URL [options]
       sluice explain tcp://HOST:PORT [options]
       sluice explain udp://HOST:PORT [options]

Says which entry point, router, middlewares and service a request, a connection of TCP or a flow of UDP would go through, and
why every router before was passed over. Nothing is sent; the configuration is read from its files.

  -H "Name: value"      a request header; can be repeated. Host replaces the host of the URL
  --client-ip IP        address of the client (default 127.0.0.1)
  --sni NAME            with tcp: the client begins TLS and names this server ("" names none); with udp: it speaks QUIC
  --alpn LIST           with tcp: the client begins TLS and offers these protocols, with commas between them
  --postgres            with tcp: the client asks for TLS in PostgreSQL's protocol before it begins TLS (psql does, unless it is told
                        sslnegotiation=direct)
  --entryPoint NAME     instead of the entry point that listens on the port of the URL
  --configFile FILE     static configuration; without it, searched as "sluice run" does
  --format FORMAT       human (default), or json for programs

Exit code: 0 when it reaches a service, 1 when Sluice answers or closes it itself or the configuration cannot be used; 0 also for a
connection that goes on as HTTP.
`;

export const explainCommand: Command = {
  name: 'explain',
  summary: 'say where a request, connection or flow would go, and why',
  help: HELP,
  run: runExplain,
};

const SPEC = {
  values: ['H', 'client-ip', 'sni', 'alpn', 'entryPoint', 'configFile', 'format'],
  switches: ['postgres'],
};

async function runExplain({ terminal, ...context }: CommandContext): Promise<number> {
  const options = parseOptions(context.arguments, SPEC);
  const format = outputFormat(options);
  const ask = asksForStream(options) ? streamQuestion(options) : exchangeQuestion(options);
  const project = await loadExplained(options, context);
  const { explanation, text } = ask(project);
  if (format === 'json') {
    const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
    terminal.out(`${JSON.stringify(explanation, plain, 2)}\n`);
  } else terminal.out(text());
  const problems = [...project.diagnostics, ...checkProject(project)].filter(({ severity }) => severity === 'error');
  if (problems.length > 0) {
    terminal.err(
      `${problems.length} error(s) in the configuration; refused objects were left out. "sluice validate" lists them.\n`,
    );
  }
  return explanation.answer === undefined ? 0 : 1;
}

/** Put to the project, once there is one. */
type Question = (project: Project) => {
  readonly explanation: Explanation | StreamExplanation;
  readonly text: () => string;
};

/** @throws UsageError */
function exchangeQuestion(options: ParsedOptions): Question {
  for (const name of ['sni', 'alpn']) {
    if (options.values.has(name))
      throw new UsageError(`--${name} is for tcp:// and udp://; of a request the URL says it`);
  }
  if (options.switches.has('postgres')) throw new UsageError('--postgres is for tcp://');
  const requested = requestedExchange(options);
  return (project) => {
    const explanation = explain(project, entryPointOf(project, options, 'tcp', requested.port), requested);
    return { explanation, text: () => renderExplanation(explanation) };
  };
}

/** @throws UsageError */
function streamQuestion(options: ParsedOptions): Question {
  const requested = requestedStream(options);
  return (project) => {
    const entryPoint = entryPointOf(project, options, requested.protocol, requested.port);
    const explanation = explainStream(project, entryPoint, requested);
    return { explanation, text: () => renderStream(explanation) };
  };
}

/** @throws UsageError */
function entryPointOf(project: Project, options: ParsedOptions, protocol: 'tcp' | 'udp', port: number) {
  const { entryPoints } = project.static!.configuration;
  const wanted = Object.entries(entryPoints).filter(([, each]) => isUdp(each) === (protocol === 'udp'));
  return chooseEntryPoint(Object.fromEntries(wanted), lastValue(options, 'entryPoint'), port);
}

/** @throws UsageError when the static configuration is not valid. */
async function loadExplained(options: ParsedOptions, context: Omit<CommandContext, 'terminal'>): Promise<Project> {
  const configFile = lastValue(options, 'configFile');
  const { environment, workingDirectory } = context;
  const staticArguments = configFile === undefined ? [] : [`--configFile=${configFile}`];
  const project = await loadProject({ staticArguments, files: [], environment, workingDirectory });
  if (project.static !== undefined) return project;
  const reasons = project.diagnostics.map(({ message }) => message).join('; ');
  throw new UsageError(`the static configuration cannot be used: ${reasons}`);
}
