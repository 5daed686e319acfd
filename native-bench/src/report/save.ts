// Writes a report into its folder: JSON, Markdown, pictures, and every configuration that was used.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderCharts } from './charts.ts';
import { renderMarkdown } from './markdown.ts';
import type { RunResults } from './results.ts';

/** Longer files (a hundred thousand routers) are cut: their lines are all alike. */
const CONFIGURATION_MAX_LINES = 120;

export class ReportFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    mkdirSync(path, { recursive: true });
  }

  /** @param scratch folders of this one run, replaced by a name that says so; inner ones first. */
  saveConfiguration(
    place: readonly string[],
    files: Readonly<Record<string, string>>,
    scratch: readonly string[],
  ): void {
    if (Object.keys(files).length === 0) return;
    const folder = join(this.path, 'configurations', ...place.map(fileName));
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      const lasting = scratch.reduce((rest, each) => rest.replaceAll(each, '<scratch>'), text);
      writeFileSync(join(folder, name), shortened(lasting));
    }
  }

  /** Called after every scenario: an interrupted run leaves what it has. */
  save(results: RunResults): void {
    writeFileSync(join(this.path, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
    writeFileSync(join(this.path, 'report.md'), renderMarkdown(results));
    for (const [name, text] of Object.entries(renderCharts(results))) writeFileSync(join(this.path, name), text);
  }
}

/** `2026-01-31-1405`, UTC. */
export function folderNameOf(date: Date): string {
  return date.toISOString().slice(0, 16).replace('T', '-').replace(':', '');
}

export function shortened(text: string): string {
  const lines = text.split('\n');
  if (lines.length <= CONFIGURATION_MAX_LINES) return text;
  const half = CONFIGURATION_MAX_LINES / 2;
  const left = lines.length - 2 * half;
  return [...lines.slice(0, half), `# … ${left} lines like these …`, ...lines.slice(-half)].join('\n');
}

function fileName(part: string): string {
  return part.replace(/[^\w.-]+/g, '-');
}
