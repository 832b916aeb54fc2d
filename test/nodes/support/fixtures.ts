/** A small catalog, servers that have its files, and credentials for them. */
import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import { parseCatalog } from '../../../lib/catalog/parse';
import { type StandIn, type StandInOptions, startComfyUiStandIn } from '../../../simulator/comfyui';
import { modelsFromCatalog } from '../../../simulator/gpu';

function model(name: string, checkpoint: string, quality: number, seconds: number, vramGb: number) {
	return {
		name,
		family: 'sdxl',
		commercial_use: name !== 'fine',
		files: { checkpoint },
		purposes: { photo: quality, draft: quality },
		min_width: 256,
		max_width: 2048,
		min_height: 256,
		max_height: 2048,
		vram_gb: vramGb,
		vram_peak_gb: vramGb + 2,
		load_seconds: 2,
		supports_negative_prompt: true,
		presets: [
			{
				name: 'standard',
				steps: 20,
				cfg: 7,
				sampler_name: 'euler',
				scheduler: 'normal',
				reference: { width: 1024, height: 1024 },
				avg_time_seconds: seconds,
				confidence: 'measured',
			},
		],
	};
}

export const CATALOG = {
	version: 1,
	models: [
		model('quick', 'quick.safetensors', 0.5, 2, 4),
		model('fine', 'fine.safetensors', 0.9, 12, 7),
		{
			...model('parts', 'unused', 0.95, 12, 7),
			files: {
				diffusion_model: 'parts.safetensors',
				text_encoders: ['te.safetensors'],
				vae: 'vae.safetensors',
			},
		},
	],
};

/** As a user of ComfyUI would export it, with other values than any selection has. */
export const GRAPH = {
	'3': {
		class_type: 'KSampler',
		inputs: {
			seed: 1,
			steps: 3,
			cfg: 1.5,
			sampler_name: 'dpmpp_2m',
			scheduler: 'karras',
			denoise: 1,
			model: ['4', 0],
			positive: ['6', 0],
			negative: ['7', 0],
			latent_image: ['5', 0],
		},
	},
	'4': { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'mine.safetensors' } },
	'5': { class_type: 'EmptyLatentImage', inputs: { width: 512, height: 512, batch_size: 1 } },
	'6': { class_type: 'CLIPTextEncode', inputs: { text: 'mine', clip: ['4', 1] } },
	'7': { class_type: 'CLIPTextEncode', inputs: { text: 'not mine', clip: ['4', 1] } },
	'8': { class_type: 'VAEDecode', inputs: { samples: ['3', 0], vae: ['4', 2] } },
	'9': { class_type: 'SaveImage', inputs: { filename_prefix: 'test', images: ['8', 0] } },
};

/** A server with every file of the catalog, a thousand times as fast as a real one. */
export function startServer(options: StandInOptions = {}): Promise<StandIn> {
	return startComfyUiStandIn({
		models: modelsFromCatalog(parseCatalog(CATALOG)),
		speedUp: 1000,
		...options,
	});
}

export function comfyUiCredential(
	servers: string,
	more: ICredentialDataDecryptedObject = {},
): { comfyUiApi: ICredentialDataDecryptedObject } {
	return { comfyUiApi: { servers, authentication: 'none', ...more } };
}

/** From the connection string of a test database to the fields of the credential. */
export function postgresCredential(url: string): {
	comfyUiRouterPostgresApi: ICredentialDataDecryptedObject;
} {
	const { hostname, port, pathname, username, password } = new URL(url);
	return {
		comfyUiRouterPostgresApi: {
			host: hostname,
			port: Number(port),
			database: pathname.slice(1),
			user: decodeURIComponent(username),
			password: decodeURIComponent(password),
			schema: 'public',
			ssl: 'disable',
		},
	};
}
