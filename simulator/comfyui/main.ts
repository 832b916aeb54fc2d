/** Runs one stand-in from the command line: `main --port 8188 --vram-gb 24 --speed-up 20`. Prints its address. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

import { parseCatalogText } from '../../lib/catalog/parse';
import { BYTES_PER_GB } from '../../lib/units';
import { modelsFromCatalog } from '../gpu';
import type { ComfyUiVersion } from './options';
import { startComfyUiStandIn } from './stand-in';

const USAGE = `A stand-in for ComfyUI with a simulated GPU.
  --port N             default 8188; 0 = any free port
  --host NAME          default 127.0.0.1
  --vram-gb N          default 24
  --speed-up N         simulated seconds per second, default 1
  --models-config F    catalog whose models are installed, default the shipped models_config.json
  --comfyui-version V  0.8.0 (default) or 0.3.64
  --image-kb N         least size of an image file, default 0
  --help`;

const ARGUMENTS = {
	port: { type: 'string', default: '8188' },
	host: { type: 'string', default: '127.0.0.1' },
	'vram-gb': { type: 'string', default: '24' },
	'speed-up': { type: 'string', default: '1' },
	'models-config': { type: 'string' },
	'comfyui-version': { type: 'string', default: '0.8.0' },
	'image-kb': { type: 'string', default: '0' },
	help: { type: 'boolean', default: false },
} as const;

async function main(): Promise<void> {
	const { values } = parseArgs({ options: ARGUMENTS });
	if (values.help) {
		console.log(USAGE);
		return;
	}
	const catalogPath = values['models-config'] ?? shippedCatalog();
	const catalog = parseCatalogText(readFileSync(catalogPath, 'utf8'), catalogPath);
	const standIn = await startComfyUiStandIn({
		port: numberOf('port', values.port),
		host: values.host,
		version: versionOf(values['comfyui-version']),
		speedUp: numberOf('speed-up', values['speed-up']),
		imageBytes: numberOf('image-kb', values['image-kb']) * 1000,
		models: modelsFromCatalog(catalog),
		gpu: { vramTotalBytes: numberOf('vram-gb', values['vram-gb']) * BYTES_PER_GB },
	});
	console.log(standIn.url);
	for (const signal of ['SIGINT', 'SIGTERM'] as const) {
		process.once(signal, () => void standIn.close().then(() => process.exit(0)));
	}
}

/** Next to package.json, whether this runs from the sources or from dist. */
function shippedCatalog(): string {
	for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
		const candidate = join(folder, 'models_config.json');
		if (existsSync(candidate)) return candidate;
	}
	throw new Error('No models_config.json found; name one with --models-config.');
}

function numberOf(name: string, text: string): number {
	const value = Number(text);
	if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
		throw new Error(`--${name} wants a number of at least 0, not "${text}".`);
	}
	return value;
}

function versionOf(text: string): ComfyUiVersion {
	if (text === '0.8.0' || text === '0.3.64') return text;
	throw new Error(`--comfyui-version is 0.8.0 or 0.3.64, not "${text}".`);
}

main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
});
