import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Path of the machine's Chromium, or null. Nothing is downloaded: a closed network has no browser to give. */
export function findChromium(): string | null {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
      const path = join(directory, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here: look in the next place.
      }
    }
  }
  return null;
}
