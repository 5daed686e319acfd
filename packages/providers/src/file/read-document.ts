// Reads one configuration file as text, bounded in size and never blocking on something that is not a regular file.
// Says why it could not; what then stays in use is decided by the caller.

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Largest file that is read, in bytes. */
export const DOCUMENT_MAX_BYTES = 64 * 1024 * 1024;

export type DocumentRead =
  | { readonly kind: 'text'; readonly text: string; readonly hash: string; readonly bytes: number }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** @param maxBytes default 64 MiB. */
export async function readDocument(path: string, maxBytes: number = DOCUMENT_MAX_BYTES): Promise<DocumentRead> {
  let handle: FileHandle | undefined;
  try {
    // O_NONBLOCK: opening a named pipe that nobody writes to must not hang the provider.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await handle.stat();
    if (!stats.isFile()) return { kind: 'unreadable', reason: 'it is not a regular file' };
    if (stats.size > maxBytes) return tooLarge(maxBytes);
    return await readText(handle, maxBytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    return { kind: 'unreadable', reason: code ?? String(error) };
  } finally {
    await handle?.close();
  }
}

async function readText(handle: FileHandle, maxBytes: number): Promise<DocumentRead> {
  // The size may grow between stat and read: the bound holds for what is really read.
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of handle.createReadStream({ autoClose: false })) {
    bytes += chunk.length;
    if (bytes > maxBytes) return tooLarge(maxBytes);
    chunks.push(chunk as Buffer);
  }
  const content = Buffer.concat(chunks, bytes);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content);
    return { kind: 'text', text, hash: createHash('sha256').update(content).digest('base64'), bytes };
  } catch {
    return { kind: 'unreadable', reason: 'it is not valid UTF-8' };
  }
}

function tooLarge(maxBytes: number): DocumentRead {
  return { kind: 'unreadable', reason: `it is larger than ${maxBytes} bytes` };
}
