import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Returns the path of the program in `VOTIFY_TEST_CHROMIUM`, or of Chromium on the `PATH`. */
export function findChromium() {
  const given = process.env.VOTIFY_TEST_CHROMIUM;
  if (given) return given;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = paths.find(isExecutable);
  if (!found) throw new Error("Chromium is not installed: install the Debian package chromium, or set VOTIFY_TEST_CHROMIUM to its path");
  return found;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
