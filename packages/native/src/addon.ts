// Finds and loads the compiled addon, once per thread. Must not build anything: that is `npm run build`.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Environment variable: path of another build of the addon, e.g. one with sanitizers. */
export const ADDON_PATH_VARIABLE = 'SLUICE_NATIVE_ADDON';

const packageDirectory = dirname(dirname(fileURLToPath(import.meta.url)));
let loaded: unknown;

/**
 * The exports of the addon. Each TypeScript face names, as `Face`, only the part it uses; nothing checks it at run time.
 * @throws Error that says how to build, when the binary is missing or does not load.
 */
export function loadAddon<Face>(): Face {
  if (loaded === undefined) {
    const path = process.env[ADDON_PATH_VARIABLE] || join(packageDirectory, 'build', 'Release', 'sluice.node');
    try {
      loaded = createRequire(import.meta.url)(path);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const hint = 'build it with `npm run build --workspace @sluice/native` (needs a C++17 compiler, make and Python)';
      throw new Error(`the native addon at ${path} cannot be loaded: ${hint}: ${reason}`, { cause });
    }
  }
  return loaded as Face;
}
