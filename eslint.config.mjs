/**
 * What the linter holds: n8n's community rules (for packages that do not run on n8n's cloud), the import directions
 * of the folders, and the purity of `lib`. Every deviation from n8n's own set is stated here with its reason.
 */
import { n8nCommunityNodesPlugin } from '@n8n/eslint-plugin-community-nodes';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import nodesBase from 'eslint-plugin-n8n-nodes-base';
import tseslint from 'typescript-eslint';

/** Which of our folders a folder may import. Anything not named here is refused. */
const ALLOWED_FOLDERS = {
	lib: ['lib'],
	adapters: ['adapters', 'lib'],
	service: ['service', 'lib'],
	simulator: ['simulator', 'lib'],
	report: ['report', 'lib'],
	nodes: ['nodes', 'report', 'service', 'adapters', 'lib'],
	credentials: ['credentials'],
	cli: ['cli', 'report', 'service', 'adapters', 'lib', 'simulator'],
};
/** Which packages (and node: modules) a folder may import: patterns of what is refused. */
const REFUSED_PACKAGES = {
	lib: {
		regex: '^(?!\\.{1,2}/|zod/v4$)',
		message: 'lib is pure: it imports itself and zod/v4 only.',
	},
	service: {
		regex: '^(?!\\.{1,2}/|zod/v4$)',
		message: 'service knows neither n8n nor SQL nor HTTP nor files: it works on the ports of lib.',
	},
	'simulator/replay': {
		regex: '^(?!\\.{1,2}/|zod/v4$)',
		message: 'The replay is pure: it imports simulator, lib and zod/v4 only.',
	},
	'simulator/mig': {
		regex: '^(?!\\.{1,2}/)',
		message: 'The comparison of partitions is pure: it imports simulator and lib only.',
	},
	'simulator/demo': {
		regex: '^(?!\\.{1,2}/)',
		message: 'The demo is pure: it imports simulator and lib only.',
	},
	'simulator/gpu': {
		regex: '^(?!\\.{1,2}/)',
		message: 'The GPU model is pure: it imports simulator and lib only.',
	},
	report: {
		regex: '^(?!\\.{1,2}/|echarts/)',
		message:
			'report is pure: it imports itself, lib and echarts (in chart-library.ts, bundled) only.',
	},
	'adapters/comfyui': {
		regex: '^(?!\\.{1,2}/|node:|axios$|ws$|zod/v4$)',
		message: 'adapters/comfyui has one driver: axios (and ws for events).',
	},
	'adapters/postgres': {
		regex: '^(?!\\.{1,2}/|node:|pg$|zod/v4$)',
		message: 'adapters/postgres has one driver: pg.',
	},
	'adapters/files': {
		regex: '^(?!\\.{1,2}/|node:|zod/v4$|yaml$|jsonc-parser$)',
		message: 'adapters/files has one driver: the file system (and the formats of files).',
	},
	'adapters/prometheus': {
		regex: '^(?!\\.{1,2}/|node:|prom-client$)',
		message: 'adapters/prometheus has one driver: prom-client.',
	},
	nodes: {
		regex: '^(?!\\.{1,2}/|n8n-workflow$|node:)',
		message: 'Nodes are shells: n8n-workflow, our folders and node: modules only.',
	},
	credentials: {
		regex: '^(?!\\.{1,2}/|n8n-workflow$)',
		message: 'Credentials are fields only.',
	},
};

const folders = Object.keys(ALLOWED_FOLDERS);
const importZones = folders.map((folder) => ({
	target: `./${folder}`,
	from: folders
		.filter((other) => !ALLOWED_FOLDERS[folder].includes(other))
		.map((other) => `./${other}`),
	message: `${folder}/ may import ${ALLOWED_FOLDERS[folder].map((name) => `${name}/`).join(', ')} only.`,
}));
/** An adapter speaks to one thing; what needs two of them is a service or a shell. */
const adapters = ['comfyui', 'postgres', 'files', 'prometheus'];
const adapterZones = adapters.map((adapter) => ({
	target: `./adapters/${adapter}`,
	from: adapters.filter((other) => other !== adapter).map((other) => `./adapters/${other}`),
	message: 'An adapter does not import another adapter.',
}));
const testOnly = {
	target: folders.map((folder) => `./${folder}`),
	from: ['./test', './bench', './scripts'],
	message: 'What is shipped does not import tests, benchmarks or scripts.',
};

const IMPURE_GLOBALS = [
	...['process', 'console', 'fetch', 'performance', 'crypto', 'globalThis', 'global', 'require'],
	...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', '__dirname', '__filename'],
].map((name) => ({
	name,
	message: 'lib is pure: no I/O, clock, randomness, environment or logging.',
}));

const IMPURE_SYNTAX = [
	{
		selector: 'MemberExpression[object.name="Date"][property.name="now"]',
		message: 'lib has no clock: time is an argument (nowMs).',
	},
	{
		selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
		message: 'lib has no clock: time is an argument (nowMs).',
	},
	{
		selector: 'CallExpression[callee.name="Date"]',
		message: 'lib has no clock: time is an argument (nowMs).',
	},
	{
		selector: 'MemberExpression[object.name="Math"][property.name="random"]',
		message: 'lib has no randomness: random numbers are arguments.',
	},
	{ selector: 'ImportExpression', message: 'lib is pure: imports are static.' },
];

const pureFolders = [
	'lib/**/*.ts',
	'report/**/*.ts',
	'simulator/demo/**/*.ts',
	'simulator/gpu/**/*.ts',
	'simulator/mig/**/*.ts',
	'simulator/replay/**/*.ts',
];

export default tseslint.config(
	{ ignores: ['dist/', 'node_modules/', 'coverage/', '.tmp/', '**/*.d.ts'] },
	{
		files: ['**/*.ts'],
		extends: [tseslint.configs.base],
		plugins: { 'import-x': importX },
		settings: {
			'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js', '.json'] })],
		},
		rules: {
			'@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
			'@typescript-eslint/no-explicit-any': 'error',
			'@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
			'no-debugger': 'error',
			'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],
			'prefer-const': 'error',
			eqeqeq: ['error', 'always', { null: 'ignore' }],
			'max-lines': ['error', { max: 350, skipBlankLines: false, skipComments: false }],
			'import-x/no-restricted-paths': [
				'error',
				{ zones: [...importZones, ...adapterZones, testOnly] },
			],
		},
	},
	// import directions, packages
	...Object.entries(REFUSED_PACKAGES).map(([folder, pattern]) => ({
		files: [`${folder}/**/*.ts`],
		rules: { 'no-restricted-imports': ['error', { patterns: [pattern] }] },
	})),
	// purity
	{
		files: pureFolders,
		rules: {
			'no-restricted-globals': ['error', ...IMPURE_GLOBALS],
			'no-restricted-syntax': ['error', ...IMPURE_SYNTAX],
			'no-console': 'error',
		},
	},
	{
		files: ['service/**/*.ts'],
		rules: {
			'no-restricted-globals': [
				'error',
				'process',
				'console',
				'fetch',
				'setTimeout',
				'setInterval',
				'require',
			],
			'no-restricted-syntax': ['error', ...IMPURE_SYNTAX.slice(0, 4)],
		},
	},
	{
		files: ['adapters/**/*.ts', 'nodes/**/*.ts', 'credentials/**/*.ts'],
		rules: { 'no-console': 'error' },
	},
	// n8n's own rules
	{
		...n8nCommunityNodesPlugin.configs.recommendedWithoutN8nCloudSupport,
		files: ['nodes/**/*.ts', 'credentials/**/*.ts', 'package.json'],
		languageOptions: {
			parser: tseslint.parser,
			parserOptions: { extraFileExtensions: ['.json'] },
		},
	},
	{
		files: ['package.json'],
		plugins: { 'n8n-nodes-base': nodesBase },
		rules: {
			...nodesBase.configs.community.rules,
			// By choice: pg, axios, ws and zod are declared rather than bundled, so that what is installed can be read,
			// audited and updated. It costs n8n's verification, which a package with a database driver cannot get anyway.
			'@n8n/community-nodes/no-runtime-dependencies': 'off',
		},
	},
	{
		files: ['nodes/**/*.ts'],
		plugins: { 'n8n-nodes-base': nodesBase },
		rules: {
			...nodesBase.configs.nodes.rules,
			// These two predate NodeConnectionTypes and demand string literals, which n8n's newer rule forbids.
			'n8n-nodes-base/node-class-description-inputs-wrong-regular-node': 'off',
			'n8n-nodes-base/node-class-description-outputs-wrong': 'off',
		},
	},
	{
		files: ['credentials/**/*.ts'],
		plugins: { 'n8n-nodes-base': nodesBase },
		rules: {
			...nodesBase.configs.credentials.rules,
			// Meant for n8n's own documentation slugs; a community package links to its own pages.
			'n8n-nodes-base/cred-class-field-documentation-url-miscased': 'off',
		},
	},
);
