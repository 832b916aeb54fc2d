/** Which model files a server has, from its model folders or, where it has no such routes, from its loaders' choices. */
import type { ComfyUiInspectionPort, ComfyUiPort } from '../../lib/ports';
import { comboOptions } from './parse';

/** Folders whose files a catalog can name. The last four exist with custom nodes or in older versions. */
const FOLDERS = [
	'checkpoints',
	'diffusion_models',
	'text_encoders',
	'vae',
	'loras',
	'unet',
	'clip',
	'unet_gguf',
	'clip_gguf',
];

const LOADERS: [string, string][] = [
	['CheckpointLoaderSimple', 'ckpt_name'],
	['UNETLoader', 'unet_name'],
	['CLIPLoader', 'clip_name'],
	['VAELoader', 'vae_name'],
	['LoraLoaderModelOnly', 'lora_name'],
];

type Server = Pick<ComfyUiPort, 'objectInfo'> & Pick<ComfyUiInspectionPort, 'filesIn'>;

/** Every name once, sorted. */
export async function readInstalledFiles(server: Server, signal?: AbortSignal): Promise<string[]> {
	const folders = await Promise.all(FOLDERS.map((folder) => server.filesIn(folder, signal)));
	const found = folders.some((files) => files !== null)
		? folders.flatMap((files) => files ?? [])
		: await fromLoaders(server, signal);
	return [...new Set(found)].sort();
}

async function fromLoaders(server: Server, signal?: AbortSignal): Promise<string[]> {
	const lists = await Promise.all(
		LOADERS.map(async ([className, input]) => {
			const info = await server.objectInfo(className, signal);
			return info === null ? [] : comboOptions(info, input);
		}),
	);
	return lists.flat();
}
