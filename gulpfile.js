/** Copies what tsc does not: icons and codex files, beside the compiled node they belong to. */
const { src, dest } = require('gulp');

/** Kept byte for byte (`encoding: false`), with their folders. */
function assets() {
	return src(['nodes/**/*.{svg,png}', 'nodes/**/*.node.json', 'credentials/**/*.{svg,png}'], {
		base: '.',
		encoding: false,
	}).pipe(dest('dist'));
}

exports.build = assets;
exports.default = assets;
