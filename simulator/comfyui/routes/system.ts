/** /system_stats, /features, /embeddings and the small ones nobody should need. */
import { arch } from 'node:os';

import { BYTES_PER_GIB } from '../../../lib/units';
import { json, text } from '../http';
import type { ComfyProcess } from '../process';
import type { Route } from '../router';

const RAM_TOTAL_BYTES = 64 * BYTES_PER_GIB;
const RAM_FREE_BYTES = 48 * BYTES_PER_GIB;

const VERSIONS = {
	'0.8.0': {
		os: 'linux',
		required_frontend_version: '1.35.9',
		required_templates_version: '0.7.67',
	},
	'0.3.64': {
		os: 'posix',
		required_frontend_version: '1.27.10',
		required_templates_version: '0.1.95',
	},
} as const;

export const systemRoutes: Route[] = [
	{
		method: 'GET',
		pattern: /^\/system_stats$/,
		handle: (_, process) => json(systemStats(process)),
	},
	{ method: 'GET', pattern: /^\/features$/, handle: (_, process) => json(process.features()) },
	{ method: 'GET', pattern: /^\/embeddings$/, handle: (_, process) => json(embeddings(process)) },
	{ method: 'GET', pattern: /^\/extensions$/, handle: () => json([]) },
	{ method: 'GET', pattern: /^\/settings$/, handle: () => json({}) },
	{
		method: 'GET',
		pattern: /^\/users$/,
		handle: () => json({ storage: 'server', migrated: false }),
	},
	{
		method: 'GET',
		pattern: /^\/$/,
		handle: (_, process) =>
			text(
				`<!doctype html><title>ComfyUI stand-in</title><p>A stand-in for ComfyUI ${process.version} with a ` +
					'simulated GPU. It has the API, not the editor: see <a href="/system_stats">/system_stats</a>.',
				200,
				'text/html; charset=utf-8',
			),
	},
];

function systemStats(process: ComfyProcess): unknown {
	const { os, ...required } = VERSIONS[process.version];
	const cpu = process.options.deviceType === 'cpu';
	return {
		system: {
			os,
			ram_total: RAM_TOTAL_BYTES,
			ram_free: RAM_FREE_BYTES,
			comfyui_version: process.version,
			required_frontend_version: required.required_frontend_version,
			installed_templates_version: null,
			required_templates_version: required.required_templates_version,
			python_version: `3.11.7 (main) [stand-in ${arch()}]`,
			pytorch_version: `2.9.0+${cpu ? 'cpu' : 'cu128'}`,
			embedded_python: false,
			argv: ['main.py', ...(cpu ? ['--cpu'] : [])],
		},
		devices: [device(process)],
	};
}

/** On CPU and MPS all figures are system RAM, as in ComfyUI. */
function device(process: ComfyProcess): unknown {
	const type = process.options.deviceType ?? 'cuda';
	if (type !== 'cuda') {
		return {
			name: type,
			type,
			index: null,
			vram_total: RAM_TOTAL_BYTES,
			vram_free: RAM_FREE_BYTES,
			torch_vram_total: RAM_TOTAL_BYTES,
			torch_vram_free: RAM_FREE_BYTES,
		};
	}
	const reading = process.device.reading();
	return {
		name: `cuda:0 ${process.device.gpu.profile.name} : cudaMallocAsync`,
		type,
		index: 0,
		vram_total: reading.vramTotal,
		vram_free: reading.vramFree,
		torch_vram_total: reading.torchVramTotal,
		torch_vram_free: reading.torchVramFree,
	};
}

function embeddings(process: ComfyProcess): string[] {
	return process.filesIn('embeddings').map((file) => file.name.replace(/\.[^.]+$/, ''));
}
