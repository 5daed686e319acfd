// `sluice explain`: where would this request go, and why? Reads the configuration as it is on disk; sends nothing.

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
import { explain } from './explanation.ts';
import { renderExplanation } from './render-explanation.ts';
import { requestedExchange } from './requested.ts';

const HELP = `Usage: sluice explain [METHOD] URL [options]

Says which entry point, router, middlewares and service a request would go through, and why every router before was passed
over. Nothing is sent; the configuration is read from its files.

  -H "Name: value"      a request header; can be repeated. Host replaces the host of the URL
  --client-ip IP        address of the client (default 127.0.0.1)
  --entryPoint NAME     instead of the entry point that listens on the port of the URL
  --configFile FILE     static configuration; without it, searched as "sluice run" does
  --format FORMAT       human (default), or json for programs

Exit code: 0 when the request reaches a service, 1 when Sluice answers it itself or the configuration cannot be used.
`;

export const explainCommand: Command = {
  name: 'explain',
  summary: 'say where a request would go, and why',
  help: HELP,
  run: runExplain,
};

const SPEC = { values: ['H', 'client-ip', 'entryPoint', 'configFile', 'format'], switches: [] };

async function runExplain({ terminal, ...context }: CommandContext): Promise<number> {
  const options = parseOptions(context.arguments, SPEC);
  const format = outputFormat(options);
  const requested = requestedExchange(options);
  const project = await loadExplained(options, context);
  const { entryPoints } = project.static!.configuration;
  const entryPoint = chooseEntryPoint(entryPoints, lastValue(options, 'entryPoint'), requested.port);
  const explanation = explain(project, entryPoint, requested);
  if (format === 'json') {
    const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
    terminal.out(`${JSON.stringify(explanation, plain, 2)}\n`);
  } else terminal.out(renderExplanation(explanation));
  const problems = [...project.diagnostics, ...checkProject(project)].filter(({ severity }) => severity === 'error');
  if (problems.length > 0) {
    terminal.err(
      `${problems.length} error(s) in the configuration; refused objects were left out. "sluice validate" lists them.\n`,
    );
  }
  return explanation.answer === undefined ? 0 : 1;
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
