/**
 * `npm test`: everything from a fresh clone, or parts of it with `npm test -- --project unit --project nodes`.
 * Owns the order of the steps and the closing count; each step is a command of its own.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ensureDependencies } from './dependencies.mjs';
import { say } from './provision/command.mjs';
import { closingLines } from './test/closing-lines.mjs';
import { oneFailure, runCheck, runProject } from './test/steps.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROJECTS = ['unit', 'contract', 'integration', 'nodes', 'package', 'e2e', 'browser'];
const CHECKS = [
	{ name: 'lint', script: 'lint' },
	{ name: 'format', script: 'format' },
	{ name: 'types', script: 'typecheck' },
	{ name: 'build', script: 'build' },
];

const USAGE = `Usage: npm test [-- --project NAME ...] [--no-checks] [--oldest-n8n]
Projects: ${PROJECTS.join(', ')} (default: all of them, after lint, format, types and build)
--oldest-n8n: end to end in the oldest n8n that is supported, on the Node that runs this (n8n 2.8 wants 20 to 24)
`;

main().catch((error) => {
	say(error.stack ?? String(error));
	finish([oneFailure('set-up', String(error.message ?? error))]);
});

async function main() {
	const options = parseArguments(process.argv.slice(2));
	if (!options) return;
	await ensureDependencies(ROOT);
	const results = [];
	if (options.checks) {
		await rm(`${ROOT}/dist`, { recursive: true, force: true });
		for (const check of CHECKS) results.push(await runCheck(ROOT, check));
	}
	for (const name of options.projects) {
		results.push(await runProject(ROOT, name, needsBuild(name) && isUnbuilt()));
	}
	finish(results);
}

function needsBuild(project) {
	return ['package', 'e2e', 'browser'].includes(project);
}

function isUnbuilt() {
	return !existsSync(`${ROOT}/dist/lib/index.js`);
}

function finish(results) {
	const sum = (key) => results.reduce((total, result) => total + result[key], 0);
	process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
	process.stdout.write(`\n${closingLines(results).join('\n')}\n`);
}

function parseArguments(args) {
	const projects = [];
	let checks = true;
	for (let i = 0; i < args.length; i += 1) {
		if (args[i] === '--project' && PROJECTS.includes(args[i + 1])) projects.push(args[(i += 1)]);
		else if (args[i] === '--no-checks') checks = false;
		else if (args[i] === '--oldest-n8n') process.env.COMFYUI_ROUTER_N8N = 'oldest';
		else {
			process.stdout.write(USAGE);
			if (args[i] !== '--help') process.exitCode = 64;
			return null;
		}
	}
	if (projects.length === 0) return { projects: PROJECTS, checks };
	return { projects, checks: checks && projects.some(needsBuild) };
}
