// A module of the page, for tests that need no browser.
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

/** load bundles a file of src and imports it. */
export async function load(name) {
  const entry = fileURLToPath(new URL(`../src/${name}`, import.meta.url));
  const built = await esbuild.build({ entryPoints: [entry], bundle: true, write: false, format: 'esm', target: 'es2022' });
  return import(`data:text/javascript;base64,${Buffer.from(built.outputFiles[0].contents).toString('base64')}`);
}
