/** Which samplers and schedulers of noise a server has, those of its extensions included. */
import type { ComfyUiPort } from '../../lib/ports';
import { comboOptions } from './parse';

export interface NoiseNames {
	samplers: string[];
	schedulers: string[];
}

/** In the server's own order; empty lists where it does not know ComfyUI's own sampler node. */
export async function readNoiseNames(
	server: Pick<ComfyUiPort, 'objectInfo'>,
	signal?: AbortSignal,
): Promise<NoiseNames> {
	const info = (await server.objectInfo('KSampler', signal)) ?? {};
	return {
		samplers: comboOptions(info, 'sampler_name'),
		schedulers: comboOptions(info, 'scheduler'),
	};
}
