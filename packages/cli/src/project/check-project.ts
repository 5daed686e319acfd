// What can only be said of a configuration as a whole: references, rules, middlewares that refuse their options, and what the compiler
// warns of.
// Uses the functions that the running process uses; positions are added from where the objects stand.

import {
  checkReferences,
  checkStreamReferences,
  emptyRouted,
  type HttpConfiguration,
  tcpEntryPoints,
} from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { middlewareTypes } from '@sluice/middlewares';
import { routerRuleProblems } from '@sluice/routing';
import type { Project } from './load-project.ts';
import { planProject } from './plan-project.ts';

/** Diagnostics besides those of the project itself. */
export function checkProject(project: Project): Diagnostic[] {
  const { http } = project;
  const rules = routerRuleProblems({ ...emptyRouted(), ...streamsOf(project), http });
  const found = [...checkAllReferences(project), ...rules, ...checkMiddlewares(http)];
  const said = new Set([...project.diagnostics, ...found].map(({ object, code }) => `${code} ${object}`));
  found.push(...compilerWarnings(project).filter(({ object, code }) => !said.has(`${code} ${object}`)));
  return found.map((diagnostic) => withPosition(diagnostic, project));
}

function checkAllReferences(project: Project): readonly Diagnostic[] {
  const entryPoints = project.static?.configuration.entryPoints;
  const streams = checkStreamReferences(streamsOf(project), entryPoints).diagnostics;
  if (entryPoints === undefined) {
    // Without a static configuration nobody knows the entry points: every name counts as one.
    const named = Object.values(project.http.routers).flatMap((router) => router.entryPoints);
    return [...checkReferences(project.http, named).diagnostics, ...streams];
  }
  const middlewares = Object.fromEntries(
    Object.entries(entryPoints).map(([name, { http }]) => [name, http.middlewares]),
  );
  return [...checkReferences(project.http, tcpEntryPoints(entryPoints), middlewares).diagnostics, ...streams];
}

/** Its errors are those of references and rules. Without a static configuration there is nothing to compile for. */
function compilerWarnings(project: Project): Diagnostic[] {
  if (project.static === undefined) return [];
  return planProject(project).diagnostics.filter(({ severity }) => severity === 'warning');
}

function streamsOf({ tcp, udp }: Project) {
  const none = emptyRouted();
  return { tcp: tcp ?? none.tcp, udp: udp ?? none.udp };
}

function checkMiddlewares(http: HttpConfiguration): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const [name, { type, options }] of Object.entries(http.middlewares)) {
    // A chain is replaced by its members and never made.
    if (type === 'chain') continue;
    try {
      middlewareTypes.get(type)?.create(options, name);
    } catch (error) {
      const message = `the middleware cannot be made: ${error instanceof Error ? error.message : String(error)}`;
      diagnostics.push({ code: 'CONFIG_VALUE', severity: 'error', message, object: `http.middlewares.${name}` });
    }
  }
  return diagnostics;
}

function withPosition(diagnostic: Diagnostic, { positions }: Project): Diagnostic {
  if (diagnostic.file !== undefined || diagnostic.object === undefined) return diagnostic;
  return { ...diagnostic, ...positions.get(diagnostic.object) };
}
