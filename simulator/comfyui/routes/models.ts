/** /models, /experiment/models and /internal: which files are installed. */
import { empty, json } from '../http';
import type { ComfyProcess } from '../process';
import type { Route } from '../router';

/** Folder names of ComfyUI 0.8 in its own order. */
const FOLDERS = [
	'checkpoints',
	'configs',
	'loras',
	'vae',
	'text_encoders',
	'diffusion_models',
	'clip_vision',
	'style_models',
	'embeddings',
	'diffusers',
	'vae_approx',
	'controlnet',
	'gligen',
	'upscale_models',
	'latent_upscale_models',
	'custom_nodes',
	'hypernetworks',
	'photomaker',
	'classifiers',
	'model_patches',
	'audio_encoders',
];
/** Folders that `/experiment/models` leaves out. */
const NOT_MODELS = ['configs', 'custom_nodes'];
/** Old names that still work. */
const ALIASES: Readonly<Record<string, string>> = {
	unet: 'diffusion_models',
	clip: 'text_encoders',
};
const MODELS_ROOT = '/srv/comfyui/models';
const INSTALLED_AT_SECONDS = 1_760_000_000.5;

export const modelRoutes: Route[] = [
	{ method: 'GET', pattern: /^\/models$/, handle: () => json(FOLDERS) },
	{
		method: 'GET',
		pattern: /^\/models\/([^/]+)$/,
		handle: ({ params }, process) => {
			const folder = known(params[0] ?? '');
			return folder === null ? empty(404) : json(names(process, folder));
		},
	},
	{
		method: 'GET',
		pattern: /^\/experiment\/models$/,
		handle: () =>
			json(
				FOLDERS.filter((name) => !NOT_MODELS.includes(name)).map((name) => ({
					name,
					folders: [`${MODELS_ROOT}/${name}`],
				})),
			),
	},
	{
		method: 'GET',
		pattern: /^\/experiment\/models\/([^/]+)$/,
		handle: ({ params }, process) => {
			const folder = known(params[0] ?? '');
			if (folder === null) return empty(404);
			return json(
				process.filesIn(folder).map(({ name, bytes }) => ({ name, pathIndex: 0, ...stat(bytes) })),
			);
		},
	},
	{
		method: 'GET',
		pattern: /^\/internal\/folder_paths$/,
		api: 'forbidden',
		handle: () =>
			json(Object.fromEntries(FOLDERS.map((name) => [name, [`${MODELS_ROOT}/${name}`]]))),
	},
	{
		method: 'GET',
		pattern: /^\/internal\/files\/(input|output|temp)$/,
		api: 'forbidden',
		handle: ({ params }, process) =>
			json(process.disk.list(params[0] as 'input' | 'output' | 'temp')),
	},
];

function known(folder: string): string | null {
	const name = ALIASES[folder] ?? folder;
	return FOLDERS.includes(name) ? name : null;
}

function names(process: ComfyProcess, folder: string): string[] {
	return process
		.filesIn(folder)
		.map((file) => file.name)
		.sort();
}

function stat(size: number): Record<string, number> {
	return { modified: INSTALLED_AT_SECONDS, created: INSTALLED_AT_SECONDS, size: Math.round(size) };
}
