// Where the headers of Node are, so that a build needs no download when the machine has them.
// Any Node from 20 on will do: the addon uses only Node-API, libuv and OpenSSL 3, which keep their binary interface. OpenSSL's
// headers have to be there too: some distributions leave them out, and those of another package need not fit.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** @returns {string | undefined} a folder with include/node/node_api.h, as node-gyp's `--nodedir` wants it. */
export function findNodeDirectory() {
  const candidates = [process.env.npm_config_nodedir, dirname(dirname(process.execPath)), '/usr/local', '/usr'];
  return candidates.find(
    (folder) =>
      folder &&
      existsSync(join(folder, 'include', 'node', 'node_api.h')) &&
      existsSync(join(folder, 'include', 'node', 'openssl', 'ssl.h')),
  );
}
