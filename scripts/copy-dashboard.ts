/** Puts beside the compiled modules of the dashboard what is not compiled: its page and styles, and uPlot with its licence. */
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const source = join(root, 'src/dashboard');
const target = join(root, 'dist/dashboard');
const uplot = join(root, 'node_modules/uplot');

mkdirSync(target, { recursive: true });
for (const name of readdirSync(source).filter((file) => /\.(html|css)$/.test(file))) {
  copyFileSync(join(source, name), join(target, name));
}
copyFileSync(join(uplot, 'dist/uPlot.iife.min.js'), join(target, 'uplot.js'));
copyFileSync(join(uplot, 'dist/uPlot.min.css'), join(target, 'uplot.css'));
copyFileSync(join(uplot, 'LICENSE'), join(target, 'uplot.LICENSE'));
