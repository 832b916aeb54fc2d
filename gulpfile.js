/**
 * Makes what tsc does not: icons and codex files beside the compiled node they belong to, and the charts of the report
 * as one file without dependencies.
 */
const { readFile, writeFile } = require('node:fs/promises');
const { dirname, join } = require('node:path');
const { build } = require('esbuild');
const { dest, series, src } = require('gulp');

/** Kept byte for byte (`encoding: false`), with their folders. */
function assets() {
	return src(['nodes/**/*.{svg,png}', 'nodes/**/*.node.json', 'credentials/**/*.{svg,png}'], {
		base: '.',
		encoding: false,
	}).pipe(dest('dist'));
}

/** In place of what tsc made of it, so that echarts is needed to build the package, not to use it. */
async function charts() {
	await build({
		entryPoints: ['report/chart-library.ts'],
		outfile: 'dist/report/chart-library.js',
		bundle: true,
		minify: true,
		platform: 'node',
		format: 'cjs',
		target: 'node20',
		// tslib's ES module; its CommonJS form cannot be shaken
		mainFields: ['module', 'main'],
		banner: {
			js: '/* Holds Apache ECharts and zrender: see chart-library.LICENSES.txt beside this file. */',
		},
	});
	await licences();
}

/** Their licences ask for their texts to go with every copy. */
async function licences() {
	const echarts = dirname(require.resolve('echarts/package.json'));
	const zrender = dirname(require.resolve('zrender/package.json'));
	const files = [join(echarts, 'NOTICE'), join(echarts, 'LICENSE'), join(zrender, 'LICENSE')];
	const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
	await writeFile('dist/report/chart-library.LICENSES.txt', texts.join('\n\n'));
}

exports.build = series(assets, charts);
exports.default = exports.build;
