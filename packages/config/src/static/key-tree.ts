// Flags and environment variables as one source node: paths with string values, keys compared without case.

import type { MapNode, SourceDocument, SourceNode } from '../source/source-node.ts';

interface TreeNode {
  /** As first spelled: chosen names keep that spelling. */
  readonly key: string;
  value: string | undefined;
  readonly children: Map<string, TreeNode>;
}

export class KeyTree {
  readonly #root: TreeNode = { key: '', value: undefined, children: new Map() };

  get isEmpty(): boolean {
    return this.#root.children.size === 0;
  }

  /** @param joined a value already there is kept, the new one added behind a comma (repeated list flags) */
  set(path: readonly string[], value: string, joined = false): void {
    let node = this.#root;
    for (const key of path) {
      const lower = key.toLowerCase();
      let child = node.children.get(lower);
      if (child === undefined) {
        child = { key, value: undefined, children: new Map() };
        node.children.set(lower, child);
      }
      node = child;
    }
    node.value = joined && node.value !== undefined ? `${node.value},${value}` : value;
  }

  /** @param name `flags` or `environment`, for diagnostics */
  toDocument(name: string): SourceDocument {
    return { root: mapNode(this.#root), name, stringly: true, position: () => undefined };
  }
}

function sourceNode(node: TreeNode): SourceNode {
  if (node.children.size > 0) return mapNode(node);
  const text = node.value ?? '';
  return { kind: 'scalar', offset: -1, value: text, text };
}

function mapNode(node: TreeNode): MapNode {
  const entries = [...node.children.values()].map((child) => ({ key: child.key, offset: -1, node: sourceNode(child) }));
  return { kind: 'map', offset: -1, entries, ...(node.value === undefined ? {} : { section: node.value }) };
}
