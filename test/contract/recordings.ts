/** Reads the recordings of real ComfyUI servers. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { SimulatedFile } from '../../simulator/gpu';

const FOLDER = join(__dirname, '..', 'fixtures', 'comfyui');

export interface Recording {
	request: { method: string; path: string; headers: Record<string, string>; body: unknown };
	status: number;
	headers: Record<string, string>;
	body: unknown;
}

export type Graph = Record<string, { class_type: string; inputs: Record<string, unknown> }>;

export interface BinaryBody {
	_binary_bytes: number;
	_head_hex: string;
}

/** Names without extension, sorted. */
export function recordingNames(): string[] {
	return readdirSync(join(FOLDER, 'recordings'))
		.filter((name) => name.endsWith('.json'))
		.map((name) => name.slice(0, -'.json'.length))
		.sort();
}

export function recording(name: string): Recording {
	return readJson(join('recordings', `${name}.json`)) as Recording;
}

export function transcript(name: string): Record<string, unknown>[] {
	return readJson(join('recordings', `${name}.json`)) as Record<string, unknown>[];
}

export function workflowNames(): string[] {
	return readdirSync(join(FOLDER, 'workflows')).sort();
}

export function workflow(
	name: string,
): Record<string, { class_type: string; inputs: Record<string, unknown> }> {
	return readJson(join('workflows', name)) as Graph;
}

export function isBinary(body: unknown): body is BinaryBody {
	return typeof body === 'object' && body !== null && '_binary_bytes' in body;
}

function readJson(path: string): unknown {
	return JSON.parse(readFileSync(join(FOLDER, path), 'utf8'));
}

const FOLDER_OF_INPUT: Readonly<Record<string, string>> = {
	ckpt_name: 'checkpoints',
	unet_name: 'diffusion_models',
	clip_name: 'text_encoders',
	clip_name1: 'text_encoders',
	clip_name2: 'text_encoders',
	vae_name: 'vae',
	lora_name: 'loras',
};

/** Everything a graph loads, as installed files. */
export function filesOf(graph: Graph): SimulatedFile[] {
	return Object.values(graph).flatMap((node) =>
		Object.entries(node.inputs).flatMap(([input, name]) => {
			const folder = FOLDER_OF_INPUT[input];
			return folder !== undefined && typeof name === 'string' ? [{ folder, name, bytes: 1e9 }] : [];
		}),
	);
}
