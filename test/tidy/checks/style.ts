// What a reader meets first: file names, the comment a file opens with, and markers of unfinished or skipped work.
// What Biome and the compiler already refuse (console, any, non-erasable syntax) is only checked to be switched on.

import { basename } from 'node:path';
import { isTest, lineAt, type TidyCheck } from '../repository.ts';

const CODE = /\.(ts|mjs|cc|h)$/;
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/;
/** Names that tools or custom prescribe. */
const FIXED_NAMES = /(^|\/)(README|CONTRIBUTING|CHANGELOG|SECURITY|LICENSE|NOTICE|Dockerfile|Makefile)(\.md)?$/;

export const checkNames: TidyCheck = (files) =>
  files.flatMap(({ path }) => {
    const wrong = path.split('/').find((part) => !KEBAB.test(part.replace(/^[._]+/, '')));
    return wrong === undefined || FIXED_NAMES.test(path) || !/^(packages|scripts|test|examples|docs)\//.test(path)
      ? []
      : [`${path}: "${wrong}" must be in kebab-case`];
  });

/** A short file may say what it is for in one line. */
export const ONE_LINE_SUFFICES_UP_TO = 80;

export const checkOpenings: TidyCheck = (files) =>
  files.flatMap(({ path, text }) => {
    if (!CODE.test(path) || basename(path) === 'index.ts' || isTest(path)) return [];
    const lines = text.replace(/^#!.*\n/, '').split('\n');
    const end = lines.findIndex((line) => !line.startsWith('//'));
    // An empty comment line separates paragraphs and says nothing.
    const count = lines.slice(0, end === -1 ? lines.length : end).filter((line) => line.trim() !== '//').length;
    const least = lines.length <= ONE_LINE_SUFFICES_UP_TO ? 1 : 2;
    return count >= least && count <= 5
      ? []
      : [`${path}: opens with ${count} comment lines; ${least} to 5 must say what it is for and what it must not do`];
  });

/** Built from pieces, so that this file does not find itself. */
const UNFINISHED = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`, 'g');
const NOT_RUN = /\b(?:it|test|describe|suite)\.(?:only|skip|todo)\b|\{\s*(?:skip|todo|only)\s*:\s*(?:true|['"`])/g;

export const checkMarkers: TidyCheck = (files) =>
  files.flatMap(({ path, text }) => {
    if (!CODE.test(path)) return [];
    const problems = [...text.matchAll(UNFINISHED)].map(
      (match) =>
        `${path}:${lineAt(text, match.index)}: ${match[0]}: finish it, or describe the limit in a plain comment`,
    );
    if (!path.endsWith('.test.ts') || path.startsWith('test/tidy/')) return problems;
    const notRun = [...text.matchAll(NOT_RUN)].map(
      (match) => `${path}:${lineAt(text, match.index)}: "${match[0]}": every test runs, always`,
    );
    return [...problems, ...notRun];
  });

export const checkLintRules: TidyCheck = (files) => {
  const text = files.find((file) => file.path === 'biome.json')?.text ?? '{}';
  const rules = JSON.parse(text).linter?.rules ?? {};
  return ['noExplicitAny', 'noConsole']
    .filter((rule) => rules.suspicious?.[rule] !== 'error')
    .map((rule) => `biome.json: suspicious.${rule} must be "error"`);
};
