/**
 * The ComfyUI of `npm start`: the user's own where COMFYUI_URL names it, else two stand-ins in this process: a large
 * and a small card, with those models of the shipped catalog that the example's graph (a checkpoint) can run.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { SetupError } from '../provision/command.mjs';

const FIRST_PORT = 8188;
const CARDS = [
	{ name: 'large', vramGb: 24, speedFactor: 1 },
	{ name: 'small', vramGb: 8, speedFactor: 0.4 },
];

/**
 * @typedef {object} DemoComfyUi
 * @property {string} servers as the ComfyUI credential wants them
 * @property {string} description
 * @property {() => Promise<void>} stop
 */

/**
 * @param {string} root the repository, built
 * @param {{ speedUp: number, freePortFrom: (wanted: number) => Promise<number> }} options
 * @returns {Promise<DemoComfyUi>}
 */
export async function startComfyUi(root, options) {
	const own = process.env.COMFYUI_URL?.trim();
	return own ? await useOwn(own) : await startStandIns(root, options);
}

async function useOwn(setting) {
	const lines = setting.split(/[\s,]+/).filter(Boolean);
	for (const line of lines) await requireAnswer(line.replace(/^[^=:/]+=/, ''));
	return { servers: lines.join('\n'), description: lines.join(', '), stop: async () => undefined };
}

/** A wrong address is better found now than in the first workflow. */
async function requireAnswer(url) {
	try {
		const response = await fetch(`${url.replace(/\/+$/, '')}/system_stats`, {
			signal: AbortSignal.timeout(10_000),
		});
		if (response.ok) return;
		throw new Error(`it answered ${response.status}`);
	} catch (error) {
		throw new SetupError(
			`COMFYUI_URL: ${url} is not a ComfyUI that can be used without a login (${error.cause?.message ?? error.message}).`,
			'Start ComfyUI (with --listen if it is on another machine), or leave COMFYUI_URL out.',
		);
	}
}

async function startStandIns(root, { speedUp, freePortFrom }) {
	const require = createRequire(join(root, 'package.json'));
	const { modelsFromCatalog, startComfyUiStandIn } = require('./dist/simulator/index.js');
	const { parseCatalog } = require('./dist/lib/index.js');
	const catalog = parseCatalog(
		JSON.parse(await readFile(join(root, 'models_config.json'), 'utf8')),
	);
	const models = catalog.models.filter(({ files }) => files?.checkpoint);
	const running = [];
	for (const { name, vramGb, speedFactor } of CARDS) {
		const gpu = { name: `Simulated ${vramGb} GB`, vramTotalBytes: vramGb * 1e9, speedFactor };
		const standIn = await startComfyUiStandIn({
			port: await freePortFrom(FIRST_PORT + running.length),
			models: modelsFromCatalog({ models }),
			gpu,
			speedUp,
		});
		running.push({ name, standIn, vramGb });
	}
	return {
		servers: running.map(({ name, standIn }) => `${name}=${standIn.url}`).join('\n'),
		description: `stand-ins without a GPU: ${running
			.map(({ name, standIn, vramGb }) => `${name} (${vramGb} GB) ${standIn.url}`)
			.join(', ')}; set COMFYUI_URL to use your own`,
		stop: async () => {
			for (const { standIn } of running) await standIn.close();
		},
	};
}
